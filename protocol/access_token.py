"""Access tokens: RFC 9068 JWTs, ES256, bound to a DPoP key (docs/protocol.md section 2).

Verification needs no network: the caller brings the issuer's public keys.

Spec: RFC 9068; RFC 9449 section 6.1; RFC 8725.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec

from protocol import base64url, jws
from protocol import claims as claim
from protocol.errors import InvalidToken, Malformed
from protocol.sign_in import Strength, parse_acr
from protocol.words import CLOCK_SKEW_S, JKT_BYTES

TYP = "at+jwt"
_HEADER = {"typ", "alg", "kid"}


@dataclass(frozen=True)
class AccessToken:
    """A verified access token. Times are aware UTC; ``auth_time``, ``amr``, ``acr`` are absent (None, empty, ANY) in token2."""

    issuer: str
    audience: str
    subject: str
    client_id: str
    jti: str
    jkt: str
    issued_at: datetime
    expires_at: datetime
    auth_time: datetime | None
    amr: tuple[str, ...]
    claims: Mapping[str, Any]
    acr: Strength = Strength.ANY


def verify_access_token(
    token: str, *, keys: Mapping[str, ec.EllipticCurvePublicKey], issuer: str, audience: str, now: datetime
) -> AccessToken:
    """Verify ``token`` for this audience. That its presenter holds the key ``jkt`` is for ``protocol.dpop`` to show.

    Args:
        token: compact JWT.
        keys: the issuer's P-256 public keys by ``kid``.
        issuer: the only accepted ``iss``.
        audience: the only accepted ``aud``; a list is refused, even of one.
        now: UTC time of the request.

    Raises:
        InvalidToken: with the precise reason.

    """
    try:
        return _verify(token, keys=keys, issuer=issuer, audience=audience, now=now)
    except Malformed as error:
        raise InvalidToken(error.reason) from None


def _verify(
    token: str, *, keys: Mapping[str, ec.EllipticCurvePublicKey], issuer: str, audience: str, now: datetime
) -> AccessToken:
    parsed = jws.parse(token, typ=TYP, members=_HEADER)
    key = keys.get(claim.text(parsed.header, "kid"))
    if key is None:
        raise InvalidToken("unknown signing key")
    found = _read(parsed.verify(key))
    if found.issuer != issuer:
        raise InvalidToken("token of another issuer")
    if found.audience != audience:
        raise InvalidToken("token for another audience")
    if found.expires_at <= now:
        raise InvalidToken("token is expired")
    if found.issued_at > now + timedelta(seconds=CLOCK_SKEW_S):
        raise InvalidToken("token is from the future")
    return found


def _read(claims: dict[str, Any]) -> AccessToken:
    confirmation = claims.get("cnf")
    if not isinstance(confirmation, dict):
        raise InvalidToken("token is not bound to a key")
    jkt = claim.text(confirmation, "jkt")
    base64url.decode(jkt, JKT_BYTES)
    return AccessToken(
        issuer=claim.text(claims, "iss"),
        audience=claim.text(claims, "aud"),
        subject=claim.text(claims, "sub"),
        client_id=claim.text(claims, "client_id"),
        jti=claim.text(claims, "jti"),
        jkt=jkt,
        issued_at=claim.instant(claims, "iat"),
        expires_at=claim.instant(claims, "exp"),
        auth_time=claim.instant(claims, "auth_time") if "auth_time" in claims else None,
        amr=claim.texts(claims, "amr") if "amr" in claims else (),
        claims=claims,
        acr=parse_acr(claims["acr"]) if "acr" in claims else Strength.ANY,
    )


def sign_access_token(claims: Mapping[str, Any], *, key: ec.EllipticCurvePrivateKey, kid: str) -> str:
    """Compact JWT over ``claims``, as they are, under ``key`` (P-256)."""
    header = {"typ": TYP, "alg": "ES256", "kid": kid}
    header_bytes, claims_bytes = (json.dumps(part, separators=(",", ":")).encode() for part in (header, dict(claims)))
    return jws.sign(header_bytes, claims_bytes, key)
