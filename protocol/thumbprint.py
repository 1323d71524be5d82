"""JWK thumbprint (RFC 7638) with SHA-256, and P-256 keys as JWKs. Public keys only.

Spec: RFC 7638 section 3; RFC 7518 section 6.2.
"""

import hashlib
import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec

from protocol import base64url
from protocol.errors import Malformed

_REQUIRED = {"EC": ("crv", "kty", "x", "y"), "OKP": ("crv", "kty", "x"), "RSA": ("e", "kty", "n")}
_COORDINATE_BYTES = 32
_EC_MEMBERS = {"kty", "crv", "x", "y"}


def thumbprint(jwk: Mapping[str, Any]) -> str:
    """Thumbprint of a public JWK: 43 characters, base64url of SHA-256 over its required members.

    Raises:
        Malformed: a required member is missing or not a text, or the key type is unknown.

    """
    members = _REQUIRED.get(str(jwk.get("kty")))
    if members is None:
        raise Malformed("unknown key type")
    required = {name: jwk.get(name) for name in members}
    if not all(isinstance(value, str) for value in required.values()):
        raise Malformed("key lacks a member")
    text = json.dumps(required, separators=(",", ":"), sort_keys=True, ensure_ascii=False)
    return base64url.encode(hashlib.sha256(text.encode()).digest())


def public_jwk(key: ec.EllipticCurvePublicKey) -> dict[str, str]:
    """JWK of a P-256 public key: ``kty``, ``crv``, ``x``, ``y``."""
    numbers = key.public_numbers()
    x, y = (base64url.encode(number.to_bytes(_COORDINATE_BYTES, "big")) for number in (numbers.x, numbers.y))
    return {"kty": "EC", "crv": "P-256", "x": x, "y": y}


def parse_public_jwk(jwk: object) -> ec.EllipticCurvePublicKey:
    """P-256 public key of a JWK that has exactly ``kty``, ``crv``, ``x``, ``y``.

    Raises:
        Malformed: other or further members (a private one above all), another curve, a point that is not on it.

    """
    if not isinstance(jwk, dict) or jwk.keys() != _EC_MEMBERS:
        raise Malformed("key has other members")
    if jwk["kty"] != "EC" or jwk["crv"] != "P-256":
        raise Malformed("key is not of P-256")
    return _point(base64url.decode(jwk["x"], _COORDINATE_BYTES), base64url.decode(jwk["y"], _COORDINATE_BYTES))


@lru_cache(maxsize=4096)
def _point(x: bytes, y: bytes) -> ec.EllipticCurvePublicKey:
    numbers = ec.EllipticCurvePublicNumbers(int.from_bytes(x, "big"), int.from_bytes(y, "big"), ec.SECP256R1())
    try:
        return numbers.public_key()
    except ValueError:
        raise Malformed("point is not on the curve") from None
