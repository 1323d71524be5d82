"""Key agreement with an endpoint and the wrap of an EKT key for it (docs/protocol.md section 3).

The hybrid joins X25519 and ML-KEM-768: whoever breaks only one of the two learns nothing.

Spec: [PERC] 6.3; draft-thomson-http-encryption-02 (``dh``); RFC 5869; RFC 3394; FIPS 203.
"""

import hashlib
from dataclasses import dataclass

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, mlkem, x25519
from cryptography.hazmat.primitives.kdf.hkdf import HKDF, HKDFExpand
from cryptography.hazmat.primitives.keywrap import aes_key_wrap
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from kmf.crypto.labels import EKT, lp
from kmf.crypto.secret_bytes import SecretBytes
from kmf.errors import KeyRequestMalformed

X25519_BYTES = 32


@dataclass(frozen=True)
class Agreement:
    """Outcome: the KMF's public key (raw; in the hybrid followed by the KEM ciphertext) and the member secret (32 bytes)."""

    dh: bytes
    member_secret: SecretBytes


def agree(*, algorithm: str, endpoint_key: bytes) -> Agreement:
    """Agree with an endpoint's public key under a fresh key pair of our own.

    Args:
        algorithm: ``X25519``, ``P-256`` or ``X25519+ML-KEM-768``.
        endpoint_key: raw public key: 32 bytes, 65 (uncompressed point), or 32 and then 1,184 of ML-KEM-768.

    Raises:
        KeyRequestMalformed: unknown algorithm, not a point, or a point of low order.

    """
    try:
        dh, shared = _AGREEMENTS[algorithm](endpoint_key)
    except (KeyError, ValueError):
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


def _p256(endpoint_key: bytes) -> tuple[bytes, bytes]:
    public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), endpoint_key)
    private = ec.generate_private_key(ec.SECP256R1())
    dh = private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return dh, private.exchange(ec.ECDH(), public)


def _hybrid(endpoint_key: bytes) -> tuple[bytes, bytes]:
    """Both secrets, one behind the other; the salt above binds both public keys, ours and the ciphertext to them."""
    dh, shared = _x25519(endpoint_key[:X25519_BYTES])
    encapsulated, ciphertext = mlkem.MLKEM768PublicKey.from_public_bytes(endpoint_key[X25519_BYTES:]).encapsulate()
    return dh + ciphertext, shared + encapsulated


_AGREEMENTS = {"X25519": _x25519, "P-256": _p256, "X25519+ML-KEM-768": _hybrid}
