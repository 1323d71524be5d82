"""Codes of authenticator apps and of the recovery list: each good once, whoever asks at the same time.

allauth counts tries in the process and remembers used codes in the cache; here both stand in the database.

Spec: RFC 6238 section 5.2; RFC 4226 section 7.2.
"""

import hmac
from datetime import datetime

from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.conf import settings
from django.db import transaction

from kmf.authorization import limits
from kmf.authorization.errors import WrongCode
from kmf.authorization.models import Account

PERIOD_S = 30
_DIGITS = 6
_LAST = "last_step"  # of an app's row: the newest period of which a code was taken
_Type = Authenticator.Type


def use_code(account: Account, typed: str, *, now: datetime) -> Authenticator:
    """Take a code of the account's app, or of its recovery list, out of use.

    Tries are counted by account alone: whoever tries has shown the first factor, from wherever.

    Returns:
        The authenticator that it was of.

    Raises:
        WrongCode: it is none of theirs, or was used.
        TooManyAttempts: too many were wrong within a while; also for the right one.

    """
    limits.count(limits.WRONG_CODES, account.pk, now=now)
    code = "".join(typed.split()).replace("-", "")
    with transaction.atomic():
        rows = Authenticator.objects.select_for_update().filter(user=account, type__in=[_Type.TOTP, _Type.RECOVERY_CODES])
        found = next((row for row in rows.order_by("-type") if _takes(row, code, now)), None)
    if found is None:
        raise WrongCode("wrong code")
    limits.uncount(limits.WRONG_CODES, account.pk)
    return found


def step_of(secret: str, code: str, *, now: datetime, after: int = -1) -> int | None:
    """The period, later than ``after``, that ``code`` is of; None if of none that is near ``now``."""
    if len(code) != _DIGITS or not (code.isascii() and code.isdigit()):
        return None
    present = int(now.timestamp()) // PERIOD_S
    near = range(present - settings.MFA_TOTP_TOLERANCE, present + settings.MFA_TOTP_TOLERANCE + 1)
    right = [step for step in near if hmac.compare_digest(format_hotp_value(hotp_value(secret, step)), code)]
    return next((step for step in right if step > after), None)


def mark_used(row: Authenticator, step: int) -> None:
    """No code of this period or an earlier one is taken again."""
    row.data[_LAST] = step
    row.save(update_fields=["data"])


def _takes(row: Authenticator, code: str, now: datetime) -> bool:
    if row.type == _Type.RECOVERY_CODES:
        return bool(row.wrap().validate_code(code))
    step = step_of(get_adapter().decrypt(row.data["secret"]), code, now=now, after=row.data.get(_LAST, -1))
    if step is None:
        return False
    mark_used(row, step)
    return True
