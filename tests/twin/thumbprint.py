"""JWK thumbprints (RFC 7638)."""

import hashlib
import json
from collections.abc import Mapping

from tests.twin import base64url

MEMBERS = {"RSA": ("e", "kty", "n"), "EC": ("crv", "kty", "x", "y"), "OKP": ("crv", "kty", "x")}


def thumbprint(jwk: Mapping[str, str]) -> str:
    """43 characters."""
    required = {name: jwk[name] for name in MEMBERS[jwk["kty"]]}
    return base64url.encode(hashlib.sha256(json.dumps(required, separators=(",", ":")).encode()).digest())
