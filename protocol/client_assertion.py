"""Client assertions: a room system or a service shows who it is by a key that was enrolled for it (docs/protocol.md section 2).

This module checks one assertion by itself. That a ``(kid, jti)`` is accepted only once needs a memory, which the caller has.

Spec: RFC 7523 sections 2.2, 3; RFC 7521 section 4.2; RFC 8725. The audience is the issuer and nothing else, so that no
assertion made for another place is of any use here.
"""

import hmac
import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec

from protocol import claims as claim
from protocol import jws
from protocol.errors import InvalidToken, Malformed
from protocol.jwks import key_id
from protocol.words import CLOCK_SKEW_S

ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
TYP: Final = "client-authentication+jwt"
LIFETIME_S: Final = 60
_TYPES = frozenset({None, "JWT", TYP})  # what libraries write; the enrolled key signs nothing else
_HEADERS = (frozenset({"alg", "kid"}), frozenset({"alg", "kid", "typ"}))
_CLAIMS = frozenset({"iss", "sub", "aud", "iat", "exp", "nbf", "jti"})
_JTI = re.compile(r"[A-Za-z0-9._~-]{16,128}", re.ASCII)


@dataclass(frozen=True)
class VerifiedAssertion:
    """An assertion whose signature and claims hold; whether it was seen before is not yet known. Times are aware UTC."""

    client_id: str
    kid: str
    jti: str
    expires_at: datetime


def named_key(assertion: str) -> str:
    """``kid`` that an assertion names, unverified: which key to verify it with.

    Raises:
        InvalidToken: it is not of the form.

    """
    try:
        return claim.text(_parse(assertion).header, "kid")
    except Malformed as error:
        raise InvalidToken(error.reason) from None


def verify_assertion(
    assertion: str, *, keys: Mapping[str, ec.EllipticCurvePublicKey], client_id: str, issuer: str, now: datetime
) -> VerifiedAssertion:
    """Verify ``assertion``.

    Args:
        assertion: compact JWT.
        keys: the client's P-256 public keys by ``kid``.
        client_id: whose keys they are: the only accepted ``iss`` and ``sub``.
        issuer: the authorization server's: the only accepted ``aud``; a list is refused, even of one.
        now: UTC time of the request.

    Raises:
        InvalidToken: with the precise reason.

    """
    try:
        parsed = _parse(assertion)
        kid = claim.text(parsed.header, "kid")
        if kid not in keys:
            raise InvalidToken("assertion under an unknown key")
        claims = parsed.verify(keys[kid])
        if not claims.keys() <= _CLAIMS:
            raise InvalidToken("assertion says more than it may")
        for name, expected in (("iss", client_id), ("sub", client_id), ("aud", issuer)):
            if not hmac.compare_digest(claim.text(claims, name).encode(), expected.encode()):
                message = f"assertion of another {name}"
                raise InvalidToken(message)
        jti, issued_at, expires_at = claim.text(claims, "jti"), claim.instant(claims, "iat"), claim.instant(claims, "exp")
        starts_at = claim.instant(claims, "nbf") if "nbf" in claims else issued_at
    except Malformed as error:
        raise InvalidToken(error.reason) from None
    if _JTI.fullmatch(jti) is None:
        raise InvalidToken("jti is too short, too long or of other characters")
    _check_time(max(issued_at, starts_at), issued_at, expires_at, now)
    return VerifiedAssertion(client_id, kid, jti, expires_at)


def make_assertion(key: ec.EllipticCurvePrivateKey, *, client_id: str, issuer: str, now: datetime) -> str:
    """Make an assertion for one token request, good for 60 s and once.

    Args:
        key: the client's enrolled P-256 key.
        client_id: as it was enrolled.
        issuer: the authorization server's issuer.
        now: UTC time.

    """
    issued_at = int(now.timestamp())
    claims = {
        "iss": client_id,
        "sub": client_id,
        "aud": issuer,
        "iat": issued_at,
        "exp": issued_at + LIFETIME_S,
        "jti": secrets.token_urlsafe(16),
    }
    header = {"typ": TYP, "alg": "ES256", "kid": key_id(key.public_key())}
    header_bytes, claims_bytes = (json.dumps(part, separators=(",", ":")).encode() for part in (header, claims))
    return jws.sign(header_bytes, claims_bytes, key)


def _parse(assertion: str) -> jws.UnverifiedJWS:
    return jws.parse(assertion, typ=_TYPES, members=_HEADERS)


def _check_time(begins_at: datetime, issued_at: datetime, expires_at: datetime, now: datetime) -> None:
    if not timedelta(0) < expires_at - issued_at <= timedelta(seconds=LIFETIME_S):
        raise InvalidToken("assertion lives too long")
    if expires_at <= now:
        raise InvalidToken("assertion is expired")
    if begins_at > now + timedelta(seconds=CLOCK_SKEW_S):
        raise InvalidToken("assertion is from the future")
