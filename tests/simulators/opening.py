"""Open a wrapped EKT key as an endpoint does (docs/protocol.md section 3), without the KMF's code."""

import hashlib

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.keywrap import aes_key_unwrap

EKT_KEY_BYTES = 32


class Opener:
    """What an X25519 endpoint keeps of its agreement, to open this wrap and those of later epochs."""

    def __init__(self, agreement: X25519PrivateKey, dh: bytes, *, conference: str, jkt: str) -> None:
        self.salt = hashlib.sha256(dh + agreement.public_key().public_bytes_raw()).digest()
        self.shared = agreement.exchange(X25519PublicKey.from_public_bytes(dh))
        self._conference = conference
        self._jkt = jkt

    def open(self, wrapped: bytes, *, key_id: str, spi: int) -> bytes:
        """The EKT key (32 bytes); raises ``InvalidUnwrap`` where it is another's."""
        info = b"conclave/1 EKT" + _lp(self._conference) + _lp(key_id) + spi.to_bytes(2, "big") + _lp(self._jkt)
        kek = HKDF(algorithm=hashes.SHA256(), length=EKT_KEY_BYTES, salt=self.salt, info=info).derive(self.shared)
        return aes_key_unwrap(kek, wrapped)


def _lp(text: str) -> bytes:
    return len(text.encode()).to_bytes(2, "big") + text.encode()
