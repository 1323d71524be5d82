"""The provider's own signing key (ES256), with which it signs its reports to the KMF. Its public half is at ``/jwks``."""

from functools import lru_cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from django.conf import settings

from protocol import jwks


@lru_cache(maxsize=1)
def own_key() -> ec.EllipticCurvePrivateKey:
    """Signing key of this site.

    Raises:
        RuntimeError: the file holds another kind of key.

    """
    key = load_pem_private_key(settings.PROVIDER_SIGNING_KEY_FILE.read_bytes(), password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.curve.name != "secp256r1":
        raise RuntimeError("the provider's signing key is not of P-256")
    return key


def public_keys() -> dict[str, Any]:
    """JWK set with the public half."""
    return {"keys": [jwks.signing_jwk(own_key().public_key())]}
