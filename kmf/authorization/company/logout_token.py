"""Logout tokens: what a provider sends when somebody signed out there. Checked completely before anything of it counts.

Spec: OpenID Connect Back-Channel Logout 1.0 sections 2.4 and 2.6; RFC 8725.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
from jwt.types import Options

from kmf.authorization.company.claims import SID_MAX, SUBJECT_MAX
from kmf.authorization.company.configuration import CompanyProvider
from kmf.authorization.company.errors import CompanyRefused
from kmf.authorization.company.provider_keys import key_of
from protocol import base64url, strict_json
from protocol.errors import Malformed
from protocol.words import CLOCK_SKEW_S

ALGORITHMS = frozenset({"RS256", "PS256", "ES256", "EdDSA"})
LONGEST = 16 * 1024  # characters
GOOD_FOR = timedelta(minutes=10)  # after it was made, whatever it says itself
_EVENT = "http://schemas.openid.net/event/backchannel-logout"
_TYPE = "logout+jwt"
_JTI_MAX = 255
_SKEW = timedelta(seconds=CLOCK_SKEW_S)
# The claims are read below, by the time that was passed in.
_SIGNATURE_ALONE: Options = {
    "verify_signature": True,
    "verify_exp": False,
    "verify_nbf": False,
    "verify_iat": False,
    "verify_aud": False,
    "verify_iss": False,
    "verify_sub": False,
    "verify_jti": False,
}
_FORM = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+", re.ASCII)
_HEADER = {"alg", "typ", "kid", "x5t", "x5t#S256", "x5c", "jku", "x5u"}  # of which only the first three are looked at


@dataclass(frozen=True)
class LogoutToken:
    """A verified logout token. At least one of ``subject`` and ``sid`` is not empty."""

    jti: str
    issued_at: datetime
    subject: str
    sid: str


def read_logout_token(provider: CompanyProvider, token: str, *, now: datetime) -> LogoutToken:
    """Verify a logout token; whether it was used before, the caller finds out.

    Args:
        provider: to whose address of ours it was sent.
        token: as it came.
        now: UTC.

    Raises:
        CompanyRefused: ``failed``, it does not hold; ``away``, the provider's keys cannot be had now.

    """
    # To believe a logout token we must, in this order:
    #   1. read it in one way only, and as nothing but a logout token
    #   2. find an algorithm that we allow, with a key of this provider's for it
    #   3. verify the signature
    #   4. find it to be of this provider, for us, and of this time
    #   5. find that it says who signed out, and that this is what it says

    # (1)
    if len(token) > LONGEST or _FORM.fullmatch(token) is None:
        raise _bad("not a signed token")
    head, body, _signature = token.split(".")
    header, claims = _object(head), _object(body)
    if set(header) - _HEADER or str(header.get("typ")).lower().removeprefix("application/") != _TYPE:
        raise _bad("not a logout token by its header")
    # (2)
    algorithm, kid = header.get("alg"), header.get("kid")
    if algorithm not in ALGORITHMS or not isinstance(kid, str):
        raise _bad("algorithm is not allowed, or no key is named")
    if claims.get("iss") != provider.issuer:
        raise _bad("of another issuer")  # before its keys are asked for
    # (3)
    _check_signature(token, key_of(provider, kid, algorithm, now=now), algorithm)
    # (4)
    if claims.get("aud") not in (provider.client_id, [provider.client_id]):
        raise _bad("for others, too")
    issued_at = _check_times(claims, now)
    # (5)
    return _what_it_says(claims, issued_at)


def _object(part: str) -> dict[str, Any]:
    try:
        return strict_json.parse(base64url.decode(part), LONGEST)
    except Malformed:
        raise _bad("not a signed token") from None


def _check_signature(token: str, key: jwt.PyJWK, algorithm: str) -> None:
    try:
        jwt.decode(token, key=key, algorithms=[algorithm], options=_SIGNATURE_ALONE)
    except (jwt.PyJWTError, ValueError, TypeError):
        raise _bad("signature does not hold") from None


def _check_times(claims: Mapping[str, Any], now: datetime) -> datetime:
    issued_at, ends_at = _time(claims.get("iat")), _time(claims.get("exp"))
    if issued_at > now + _SKEW or now - issued_at > GOOD_FOR:
        raise _bad("not made lately")
    if ends_at <= now - _SKEW or ends_at <= issued_at:
        raise _bad("over")
    if "nbf" in claims and _time(claims["nbf"]) > now + _SKEW:
        raise _bad("not good yet")
    return issued_at


def _time(value: Any) -> datetime:
    if isinstance(value, int) and not isinstance(value, bool):
        try:
            return datetime.fromtimestamp(value, tz=UTC)
        except (ValueError, OverflowError, OSError):
            pass
    raise _bad("a time is missing or none")


def _what_it_says(claims: Mapping[str, Any], issued_at: datetime) -> LogoutToken:
    events = claims.get("events")
    if not isinstance(events, dict) or not isinstance(events.get(_EVENT), dict):
        raise _bad("says no logout")
    if "nonce" in claims:
        raise _bad("may be an ID token")
    subject, sid = _name(claims.get("sub"), SUBJECT_MAX), _name(claims.get("sid"), SID_MAX)
    if not subject and not sid:
        raise _bad("says neither who nor which session")
    jti = _name(claims.get("jti"), _JTI_MAX)
    if not jti:
        raise _bad("has no name of its own")
    return LogoutToken(jti, issued_at, subject, sid)


def _name(value: Any, longest: int) -> str:
    if value is None:
        return ""
    if not isinstance(value, str) or not 0 < len(value) <= longest:
        raise _bad("a name is of another form")
    return value


def _bad(reason: str) -> CompanyRefused:
    return CompanyRefused("failed", f"logout token: {reason}")
