"""The key that signs access tokens: an ES256 key in a file of mode 0600, outside database and backups."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from django.conf import settings

from protocol.jwks import key_id, signing_jwk


@dataclass(frozen=True)
class SigningKey:
    """Private key and its ``kid``. Without a repr of the key."""

    private: ec.EllipticCurvePrivateKey
    kid: str

    def __repr__(self) -> str:
        return f"SigningKey(kid={self.kid})"


def signing_key() -> SigningKey:
    """Key of ``settings.TOKEN_SIGNING_KEY_FILE``, read once a process.

    Raises:
        RuntimeError: the file holds no P-256 key.

    """
    return _load(settings.TOKEN_SIGNING_KEY_FILE)


@lru_cache(maxsize=4)
def _load(path: Path) -> SigningKey:
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except ValueError:
        raise RuntimeError("the token-signing key cannot be read") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise RuntimeError("the token-signing key is not of P-256")  # noqa: TRY004  the file's fault, not a caller's type
    return SigningKey(key, key_id(key.public_key()))


def verification_keys() -> dict[str, ec.EllipticCurvePublicKey]:
    """Public keys by ``kid``, for the KMF in the same process."""
    key = signing_key()
    return {key.kid: key.private.public_key()}


def public_jwks() -> dict[str, list[dict[str, Any]]]:
    """JWK set of ``{kmf}/jwks``."""
    return {"keys": [dict(signing_jwk(key)) for key in verification_keys().values()]}
