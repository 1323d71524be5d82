"""JWK sets: how the authorization server's public keys travel (``{kmf}/jwks``, docs/protocol.md section 2).

Spec: RFC 7517 section 5.
"""

from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec

from protocol.errors import Malformed
from protocol.thumbprint import parse_public_jwk, public_jwk, thumbprint

_EC = ("kty", "crv", "x", "y")


def key_id(key: ec.EllipticCurvePublicKey) -> str:
    """``kid`` of a signing key: its thumbprint."""
    return thumbprint(public_jwk(key))


def signing_jwk(key: ec.EllipticCurvePublicKey) -> dict[str, str]:
    """Entry of the set for a token-signing key."""
    return {**public_jwk(key), "kid": key_id(key), "use": "sig", "alg": "ES256"}


def parse_jwks(document: dict[str, Any]) -> dict[str, ec.EllipticCurvePublicKey]:
    """ES256 keys of a set by ``kid``; keys for other algorithms (the roster's Ed25519) are passed over.

    Raises:
        Malformed: not a JWK set, or an ES256 key in it is not one.

    """
    entries = document.get("keys")
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise Malformed("not a JWK set")
    keys: dict[str, ec.EllipticCurvePublicKey] = {}
    for entry in entries:
        if entry.get("alg") != "ES256":
            continue
        if not isinstance(entry.get("kid"), str) or "d" in entry:
            raise Malformed("not a public signing key")
        keys[entry["kid"]] = parse_public_jwk({name: entry.get(name) for name in _EC})
    return keys
