"""Signed requests between the KMF and the conference provider: ``Authorization: Signed {jwt}`` (docs/protocol.md section 7).

The JWT is bound to one method, URL and body, lives a minute at most and is good once; the caller remembers ``(kid, jti)``.

Spec: RFC 7519; RFC 8725. The claims ``htm`` and ``htu`` are those of RFC 9449, ``bh`` (hash of the body) is ours.
"""

import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec

from protocol import base64url, jws
from protocol import claims as claim
from protocol.errors import InvalidToken, Malformed
from protocol.words import CLOCK_SKEW_S

TYP: Final = "signed-request+jwt"
LIFETIME_S: Final = 60
SCHEME: Final = "Signed "
_HEADER = {"typ", "alg", "kid"}
_JTI_BYTES = 16


@dataclass(frozen=True)
class VerifiedRequest:
    """A request whose signature and claims hold; whether it was seen before is not yet known. Times are aware UTC."""

    issuer: str
    kid: str
    jti: str
    expires_at: datetime


def sign_request(  # noqa: PLR0913  each argument is one thing that the signature covers
    *, key: ec.EllipticCurvePrivateKey, kid: str, issuer: str, audience: str, method: str, url: str, body: bytes, now: datetime
) -> str:
    """Value of the ``Authorization`` header for one request, good for 60 s and once.

    Args:
        key: the sender's P-256 key; its public half stands under ``kid`` in the sender's JWK set.
        kid: name of ``key``.
        issuer: the sender's origin.
        audience: the receiver's origin.
        method: HTTP method.
        url: public URL, without query and fragment.
        body: exact bytes of the body.
        now: UTC time.

    """
    issued_at = int(now.timestamp())
    claims = {
        "iss": issuer,
        "aud": audience,
        "iat": issued_at,
        "exp": issued_at + LIFETIME_S,
        "jti": secrets.token_urlsafe(_JTI_BYTES),
        "htm": method,
        "htu": url,
        "bh": _body_hash(body),
    }
    header = {"typ": TYP, "alg": "ES256", "kid": kid}
    header_bytes, claims_bytes = (json.dumps(part, separators=(",", ":")).encode() for part in (header, claims))
    return SCHEME + jws.sign(header_bytes, claims_bytes, key)


def verify_request(  # noqa: PLR0913  each argument is one thing that the signature must match
    authorization: str | None,
    *,
    keys: Mapping[str, ec.EllipticCurvePublicKey],
    issuer: str,
    audience: str,
    method: str,
    url: str,
    body: bytes,
    now: datetime,
) -> VerifiedRequest:
    """Verify the ``Authorization`` header of one request.

    Args:
        authorization: the header's value, None where it is missing.
        keys: the sender's P-256 public keys by ``kid``.
        issuer: the only accepted ``iss``.
        audience: the only accepted ``aud``.
        method: HTTP method of the request.
        url: public URL of the request, without query and fragment.
        body: its body.
        now: UTC time of the request.

    Raises:
        InvalidToken: with the precise reason.

    """
    if authorization is None or not authorization.startswith(SCHEME):
        raise InvalidToken("request is not signed")
    try:
        parsed = jws.parse(authorization.removeprefix(SCHEME), typ=TYP, members=_HEADER)
        kid = claim.text(parsed.header, "kid")
        if kid not in keys:
            raise InvalidToken("unknown signing key")
        claims = parsed.verify(keys[kid])
        for name, expected in (("iss", issuer), ("aud", audience), ("htm", method), ("htu", url), ("bh", _body_hash(body))):
            if not hmac.compare_digest(claim.text(claims, name).encode(), expected.encode()):
                message = f"request was signed for another {name}"
                raise InvalidToken(message)
        issued_at, expires_at = claim.instant(claims, "iat"), claim.instant(claims, "exp")
        jti = claim.text(claims, "jti")
        base64url.decode(jti, _JTI_BYTES)
    except Malformed as error:
        raise InvalidToken(error.reason) from None
    _check_time(issued_at, expires_at, now)
    return VerifiedRequest(issuer=issuer, kid=kid, jti=jti, expires_at=expires_at)


def _check_time(issued_at: datetime, expires_at: datetime, now: datetime) -> None:
    if not timedelta(0) < expires_at - issued_at <= timedelta(seconds=LIFETIME_S):
        raise InvalidToken("signature lives too long")
    if expires_at <= now:
        raise InvalidToken("signature is expired")
    if issued_at > now + timedelta(seconds=CLOCK_SKEW_S):
        raise InvalidToken("signature is from the future")


def _body_hash(body: bytes) -> str:
    return base64url.encode(hashlib.sha256(body).digest())
