"""Back-channel logout: the company's provider says that somebody signed out there, and he is out here within a second.

Spec: OpenID Connect Back-Channel Logout 1.0 sections 2.5 to 2.7.
"""

import hashlib
from datetime import datetime, timedelta

from django.db import transaction

from kmf.authorization.company.configuration import CompanyProvider
from kmf.authorization.company.errors import CompanyRefused
from kmf.authorization.company.logout_token import GOOD_FOR, LogoutToken, read_logout_token
from kmf.authorization.company.sessions import end_all_sessions, end_session, is_named
from kmf.authorization.proofs import remember_once
from protocol import base64url
from protocol.errors import InvalidProof

_REMEMBERED = GOOD_FOR + timedelta(minutes=5)


def log_out(provider: CompanyProvider, token: str, *, now: datetime) -> None:
    """End what a logout token says: one session of the company's and what hangs on it, or everything of a person.

    Args:
        provider: to whose address of ours it was sent.
        token: as it came.
        now: UTC.

    Raises:
        CompanyRefused: it does not hold, or was used before. Nothing is ended.

    """
    verified = read_logout_token(provider, token, now=now)
    with transaction.atomic():  # what could not be ended must not count as used
        _use(provider, verified, now)
        if verified.sid and (not verified.subject or is_named(provider, verified.subject)):
            end_session(provider, verified.sid, subject=verified.subject, now=now)
        else:  # which of his sessions it was, nobody here was ever told
            end_all_sessions(provider, verified.subject, since=verified.issued_at, now=now)


def _use(provider: CompanyProvider, verified: LogoutToken, now: datetime) -> None:
    try:
        remember_once(signer=_short(provider.issuer), jti=_short(verified.jti), until=now + _REMEMBERED)
    except InvalidProof:
        raise CompanyRefused("failed", "logout token: was used before") from None


def _short(name: str) -> str:
    return base64url.encode(hashlib.sha256(f"logout token\0{name}".encode()).digest())
