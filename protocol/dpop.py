"""DPoP proofs: who sends a request holds a key (docs/protocol.md section 2).

This module checks one proof by itself. That a ``(jkt, jti)`` is accepted only once needs a memory, which the caller has.

Spec: RFC 9449 sections 4.2, 4.3; ``kah`` (hash of the body) is ours.
"""

import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec

from protocol import base64url, jws
from protocol import claims as claim
from protocol.dpop_nonce import Nonces
from protocol.errors import InvalidProof, Malformed, NonceNeeded
from protocol.thumbprint import parse_public_jwk, public_jwk, thumbprint
from protocol.words import CLOCK_SKEW_S

TYP = "dpop+jwt"
_HEADER = {"typ", "alg", "jwk"}
_JTI_BYTES = (16, 96)  # least and most


@dataclass(frozen=True)
class VerifiedProof:
    """A proof whose signature and claims hold. ``good_until``: after it the same proof is refused for its age (aware UTC)."""

    jkt: str
    jti: str
    issued_at: datetime
    good_until: datetime
    claims: Mapping[str, Any]


def verify_proof(  # noqa: PLR0913  each argument is one thing that the proof must match
    proof: str,
    *,
    method: str,
    url: str,
    now: datetime,
    access_token: str | None,
    jkt: str | None,
    body: bytes | None,
    nonces: Nonces | None = None,
) -> VerifiedProof:
    """Verify ``proof`` for one request.

    Args:
        proof: compact JWT, the value of the ``DPoP`` header.
        method: HTTP method of the request; ``GET`` for a socket.
        url: public URL of the request; its query and fragment do not count. A socket's in its ``http(s)`` form.
        now: UTC time of the request.
        access_token: token that came along; then ``ath`` is required, else it must be absent.
        jkt: thumbprint that the proof's key must have; None where any key will do.
        body: body of the request; then ``kah`` is required, else it must be absent.
        nonces: of this server; None where it has none. A proof with one of them may be of any ``iat``.

    Raises:
        NonceNeeded: all is well but the time, and the server has nonces.
        InvalidProof: with the precise reason.

    """
    try:
        parsed = jws.parse(proof, typ=TYP, members=_HEADER)
        found = thumbprint(parsed.header["jwk"]) if isinstance(parsed.header["jwk"], dict) else ""
        claims = parsed.verify(parse_public_jwk(parsed.header["jwk"]))
        jti, issued_at = _jti(claims), claim.instant(claims, "iat")
        _check_request(claims, method=method, url=url)
        _check_hash(claims, "ath", access_token.encode() if access_token is not None else None)
        _check_hash(claims, "kah", body)
        if jkt is not None and not hmac.compare_digest(found.encode(), jkt.encode()):
            raise InvalidProof("proof under another key")
        good_until = _good_until(claims, issued_at, now=now, nonces=nonces)
    except Malformed as error:
        raise InvalidProof(error.reason) from None
    return VerifiedProof(found, jti, issued_at, good_until, claims)


def _good_until(claims: Mapping[str, Any], issued_at: datetime, *, now: datetime, nonces: Nonces | None) -> datetime:
    """Find the proof of this moment: by the server's nonce where it carries one, else by its own clock."""
    if nonces is not None and "nonce" in claims:
        return nonces.good_until(claim.text(claims, "nonce"), now)
    if abs(now - issued_at) > timedelta(seconds=CLOCK_SKEW_S):
        refusal = InvalidProof if nonces is None else NonceNeeded
        raise refusal("proof is not of this moment")
    return issued_at + timedelta(seconds=CLOCK_SKEW_S)


def _jti(claims: Mapping[str, Any]) -> str:
    jti = claim.text(claims, "jti")
    least, most = _JTI_BYTES
    if not least <= len(base64url.decode(jti)) <= most:
        raise InvalidProof("jti is too short or too long")
    return jti


def _check_request(claims: Mapping[str, Any], *, method: str, url: str) -> None:
    if claim.text(claims, "htm") != method:
        raise InvalidProof("proof for another method")
    if claim.text(claims, "htu") != target(url):
        raise InvalidProof("proof for another URL")


def _check_hash(claims: Mapping[str, Any], name: str, data: bytes | None) -> None:
    if data is None:
        if name in claims:
            message = f"proof with {name} where there is nothing to hash"
            raise InvalidProof(message)
        return
    if not hmac.compare_digest(claim.text(claims, name).encode(), _hash(data).encode()):
        message = f"{name} does not match"
        raise InvalidProof(message)


def _hash(data: bytes) -> str:
    return base64url.encode(hashlib.sha256(data).digest())


def target(url: str) -> str:
    """``url`` as ``htu`` says it: without query and fragment."""
    return url.partition("#")[0].partition("?")[0]


def make_proof(
    key: ec.EllipticCurvePrivateKey,
    *,
    method: str,
    url: str,
    now: datetime,
    access_token: str | None = None,
    body: bytes | None = None,
    nonce: str | None = None,
) -> str:
    """Make a proof for one request, as a client does (the core application's server, room systems, tests)."""
    claims = {"jti": secrets.token_urlsafe(16), "htm": method, "htu": target(url), "iat": int(now.timestamp())}
    if access_token is not None:
        claims["ath"] = _hash(access_token.encode())
    if body is not None:
        claims["kah"] = _hash(body)
    if nonce is not None:
        claims["nonce"] = nonce
    header = {"typ": TYP, "alg": "ES256", "jwk": public_jwk(key.public_key())}
    header_bytes, claims_bytes = (json.dumps(part, separators=(",", ":")).encode() for part in (header, claims))
    return jws.sign(header_bytes, claims_bytes, key)
