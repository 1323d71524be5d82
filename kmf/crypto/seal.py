"""Sealing at rest: AES-256-GCM with what the key is for as associated data (DESIGN section 5).

Never: a nonce from outside, a key that is used for anything else.
"""

import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from kmf.crypto.labels import SEAL, lp
from kmf.crypto.secret_bytes import SecretBytes
from kmf.errors import KMFUnavailable

KEY_BYTES = 32
_NONCE_BYTES = 12


def new_key() -> SecretBytes:
    """32 fresh bytes."""
    return SecretBytes(secrets.token_bytes(KEY_BYTES))


def associated_data(*, purpose: str, owner: str, epoch: int = 0, key_id: str = "") -> bytes:
    """What a sealed value is bound to: its purpose, conference or day, epoch and KeyID."""
    return SEAL + lp(purpose.encode()) + lp(owner.encode()) + epoch.to_bytes(8, "big") + lp(key_id.encode())


def seal(key: SecretBytes, secret: SecretBytes, *, data: bytes) -> bytes:
    """``nonce(12) ‖ ciphertext ‖ tag(16)``."""
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return nonce + AESGCM(key.expose()).encrypt(nonce, secret.expose(), data)


def unseal(key: SecretBytes, sealed: bytes, *, data: bytes) -> SecretBytes:
    """Open what :func:`seal` closed under the same data.

    Raises:
        KMFUnavailable: wrong key, other data, or changed bytes.

    """
    try:
        opened = AESGCM(key.expose()).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], data)
    except (InvalidTag, ValueError):
        raise KMFUnavailable("a sealed key does not open") from None
    return SecretBytes(opened)
