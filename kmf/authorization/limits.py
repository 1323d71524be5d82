"""Ceilings on what goes wrong: a guesser is slowed, the audit is not flooded by him, and nobody else is kept out.

Counted in the database, so that every process knows, and a cache that is away opens nothing. What goes right is not counted.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection

from kmf.authorization.errors import TooManyAttempts
from kmf.authorization.models import RateCount


@dataclass(frozen=True)
class Limit:
    """At most ``amount`` within ``window``, which begins with the first."""

    name: str
    amount: int
    window: timedelta


KEY_REFUSALS = Limit("key refusals", 60, timedelta(minutes=1))  # of an address or an account, at the KMF
TOKEN_REFUSALS = Limit("token refusals", 60, timedelta(minutes=1))  # of an address
DIRECTORY_REFUSALS = Limit("directory refusals", 60, timedelta(minutes=1))  # of an address
LOGOUT_REFUSALS = Limit("logout refusals", 60, timedelta(minutes=1))  # of an address
SAML_REFUSALS = Limit("saml refusals", 60, timedelta(minutes=1))  # of an address, behind which a company may be
ROOM_CODES_ASKED = Limit("room codes asked", 30, timedelta(minutes=10))  # of an address
ROOM_CODES_ENTERED = Limit("room codes entered", 5, timedelta(minutes=5))  # wrong ones, of an account
WRONG_PASSWORDS = Limit("wrong passwords", 5, timedelta(minutes=5))  # of one account from one address
WRONG_SIGN_INS = Limit("wrong sign-ins", 60, timedelta(minutes=1))  # of an address, which a whole company may share
WRONG_CODES = Limit("wrong codes", 5, timedelta(minutes=5))  # of one account, from wherever: its first factor was shown
CODES_ASKED = Limit("codes asked for", 10, timedelta(minutes=10))  # of a client's address, for guests' mails
CODES_MAILED = Limit("codes mailed", 3, timedelta(minutes=10))  # to one mailbox
MAILBOX_CODES = Limit("mailbox codes", 3, timedelta(minutes=10))  # of one account
SIGN_IN_LIMIT_AUDITED = Limit("sign-in limit audited", 1, timedelta(minutes=5))  # of an address: once is enough

_TABLE = RateCount._meta.db_table  # noqa: SLF001  Django's documented way to it
_COUNT = (
    f"INSERT INTO {_TABLE} AS held (key, count, ends_at) VALUES (%(key)s, 1, %(ends_at)s)"  # noqa: S608  a constant
    " ON CONFLICT (key) DO UPDATE SET"
    " count = CASE WHEN held.ends_at <= %(now)s THEN 1 ELSE held.count + 1 END,"
    " ends_at = CASE WHEN held.ends_at <= %(now)s THEN excluded.ends_at ELSE held.ends_at END"
    " RETURNING count, ends_at"
)
_UNCOUNT = f"UPDATE {_TABLE} SET count = count - 1 WHERE key = %s AND count > 0"  # noqa: S608  a constant


def count(limit: Limit, whom: str, *, now: datetime) -> None:
    """Count one more of ``whom``; call it outside a transaction that a refusal rolls back.

    Raises:
        TooManyAttempts: it is one too many.

    """
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, {"key": _key(limit, whom), "ends_at": now + limit.window, "now": now})
        counted, ends_at = cursor.fetchone()
    if counted > limit.amount:
        raise TooManyAttempts(limit.name, retry_after_s=max(1, round((ends_at - now).total_seconds())))


def uncount(limit: Limit, whom: str) -> None:
    """Take back what was counted beforehand: it went right."""
    with connection.cursor() as cursor:
        cursor.execute(_UNCOUNT, [_key(limit, whom)])


def refused_too_often(whom: str, *, now: datetime) -> bool:
    """Count one refusal of the KMF against an address or an account's id; whether it was one too many."""
    try:
        count(KEY_REFUSALS, whom, now=now)
    except TooManyAttempts:
        return True
    return False


def _key(limit: Limit, whom: str) -> str:
    return hashlib.sha256(f"{limit.name}\0{whom}".encode()).hexdigest()
