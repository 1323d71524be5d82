"""Open a wrapped EKT key as an endpoint does (docs/protocol.md section 3), without the KMF's code."""

import hashlib
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.keywrap import aes_key_unwrap

from protocol import base64url


def open_wrap(agreement: X25519PrivateKey, dh: bytes, key: dict[str, Any], *, conference: str, jkt: str) -> bytes:
    """The EKT key (32 bytes) of a ``welcome``'s ``key`` or of a ``rekey``; raises ``InvalidUnwrap`` where it is another's."""
    salt = hashlib.sha256(dh + agreement.public_key().public_bytes_raw()).digest()
    shared = agreement.exchange(X25519PublicKey.from_public_bytes(dh))
    info = b"conclave/1 EKT" + _lp(conference) + _lp(key["key_id"]) + int(key["spi"]).to_bytes(2, "big") + _lp(jkt)
    kek = HKDF(algorithm=hashes.SHA256(), length=32, salt=salt, info=info).derive(shared)
    return aes_key_unwrap(kek, base64url.decode(key["key"]))


def _lp(text: str) -> bytes:
    return len(text).to_bytes(2, "big") + text.encode()
