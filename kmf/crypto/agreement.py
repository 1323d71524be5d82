"""Key agreement with an endpoint and the wrap of an EKT key for it (docs/protocol.md section 3).

Spec: [PERC] 6.3; draft-thomson-http-encryption-02 (``dh``); RFC 5869; RFC 3394.
"""

import hashlib
from dataclasses import dataclass

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, x25519
from cryptography.hazmat.primitives.kdf.hkdf import HKDF, HKDFExpand
from cryptography.hazmat.primitives.keywrap import aes_key_wrap
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from kmf.crypto.labels import EKT, lp
from kmf.crypto.secret_bytes import SecretBytes
from kmf.errors import KeyRequestMalformed

PUBLIC_KEY_BYTES = {"X25519": 32, "P-256": 65}


@dataclass(frozen=True)
class Agreement:
    """Outcome: the KMF's public key (raw) and the member secret (32 bytes)."""

    dh: bytes
    member_secret: SecretBytes


def agree(*, algorithm: str, endpoint_key: bytes) -> Agreement:
    """Agree with an endpoint's public key under a fresh key pair of our own.

    Args:
        algorithm: ``X25519`` or ``P-256``.
        endpoint_key: raw public key, 32 or 65 bytes (uncompressed point).

    Raises:
        KeyRequestMalformed: unknown algorithm, not a point, or a point of low order.

    """
    try:
        dh, shared = _x25519(endpoint_key) if algorithm == "X25519" else _p256(algorithm, endpoint_key)
    except ValueError:
        raise KeyRequestMalformed("agreement key is not a usable point") from None
    salt = hashlib.sha256(dh + endpoint_key).digest()
    return Agreement(dh=dh, member_secret=SecretBytes(HKDF.extract(hashes.SHA256(), salt, shared)))


def wrap_ekt_key(
    *, member_secret: SecretBytes, ekt_key: SecretBytes, conference_id: str, key_id: str, spi: int, jkt: str
) -> bytes:
    """The EKT key under the member's KEK for this KeyID and SPI: 40 bytes (AES-256-KW)."""
    info = EKT + lp(conference_id.encode()) + lp(key_id.encode()) + spi.to_bytes(2, "big") + lp(jkt.encode())
    kek = HKDFExpand(hashes.SHA256(), 32, info).derive(member_secret.expose())
    return aes_key_wrap(kek, ekt_key.expose())


def _x25519(endpoint_key: bytes) -> tuple[bytes, bytes]:
    private = x25519.X25519PrivateKey.generate()
    shared = private.exchange(x25519.X25519PublicKey.from_public_bytes(endpoint_key))
    return private.public_key().public_bytes_raw(), shared


def _p256(algorithm: str, endpoint_key: bytes) -> tuple[bytes, bytes]:
    if algorithm != "P-256":
        raise ValueError
    public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), endpoint_key)
    private = ec.generate_private_key(ec.SECP256R1())
    dh = private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return dh, private.exchange(ec.ECDH(), public)
