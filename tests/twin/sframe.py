"""SFrame (RFC 9605): header, key derivation, suites 4 and 5.

The AES-CTR-HMAC suites, which nothing here speaks but whose vectors the RFC has, are in ``ctr_hmac``.
"""

from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF, HKDFExpand

from tests.twin.errors import TwinError

KEY_LABEL = b"SFrame 1.0 Secret key "
SALT_LABEL = b"SFrame 1.0 Secret salt "
NONCE_BYTES = 12
GCM_SUITES: dict[int, tuple[hashes.HashAlgorithm, int]] = {4: (hashes.SHA256(), 16), 5: (hashes.SHA512(), 32)}


@dataclass(frozen=True)
class Header:
    """A parsed header; ``length`` in bytes."""

    kid: int
    ctr: int
    length: int


def encode_header(kid: int, ctr: int) -> bytes:
    kid_nibble, kid_bytes = _encode_number(kid)
    ctr_nibble, ctr_bytes = _encode_number(ctr)
    return bytes([kid_nibble << 4 | ctr_nibble]) + kid_bytes + ctr_bytes


def _encode_number(value: int) -> tuple[int, bytes]:
    if value < 8:
        return value, b""
    data = value.to_bytes((value.bit_length() + 7) // 8, "big")
    return 8 | len(data) - 1, data


def parse_header(data: bytes) -> Header:
    """Parse the header at the start of ``data``; raises ``sframe_header`` where it is cut short or not the shortest form."""
    if not data:
        raise TwinError("sframe_header")
    kid, after_kid = _parse_number(data, data[0] >> 4, 1)
    ctr, end = _parse_number(data, data[0] & 15, after_kid)
    if encode_header(kid, ctr) != data[:end]:
        raise TwinError("sframe_header")
    return Header(kid, ctr, end)


def _parse_number(data: bytes, nibble: int, at: int) -> tuple[int, int]:
    if nibble < 8:
        return nibble, at
    end = at + (nibble & 7) + 1
    return int.from_bytes(data[at:end], "big"), end


def labels(kid: int, suite: int) -> tuple[bytes, bytes]:
    """``info`` of the key and of the salt."""
    ending = kid.to_bytes(8, "big") + suite.to_bytes(2, "big")
    return KEY_LABEL + ending, SALT_LABEL + ending


def extract(base_key: bytes, algorithm: hashes.HashAlgorithm) -> bytes:
    """HKDF-Extract with an empty salt: the RFC's ``sframe_secret``."""
    return HKDF.extract(algorithm, b"", base_key)


def derive(base_key: bytes, kid: int, suite: int, algorithm: hashes.HashAlgorithm, key_bytes: int) -> tuple[bytes, bytes]:
    """Key and salt of one KID (RFC 9605 section 4.4.2)."""
    secret = extract(base_key, algorithm)
    key_info, salt_info = labels(kid, suite)
    key = HKDFExpand(algorithm, key_bytes, key_info).derive(secret)
    return key, HKDFExpand(algorithm, NONCE_BYTES, salt_info).derive(secret)


def nonce(salt: bytes, ctr: int) -> bytes:
    return bytes(a ^ b for a, b in zip(salt, ctr.to_bytes(NONCE_BYTES, "big"), strict=True))


@dataclass(frozen=True)
class FrameKey:
    """Key and salt of one KID in an AES-GCM suite."""

    kid: int
    key: bytes
    salt: bytes

    @classmethod
    def from_base_key(cls, base_key: bytes, kid: int, suite: int) -> "FrameKey":
        algorithm, key_bytes = GCM_SUITES[suite]
        return cls(kid, *derive(base_key, kid, suite, algorithm, key_bytes))

    def encrypt(self, ctr: int, metadata: bytes, plaintext: bytes) -> bytes:
        header = encode_header(self.kid, ctr)
        return header + AESGCM(self.key).encrypt(nonce(self.salt, ctr), plaintext, header + metadata)

    def decrypt(self, data: bytes, metadata: bytes) -> bytes:
        """Open ``header ‖ ciphertext ‖ tag``; raises ``sframe_authentication``."""
        header = parse_header(data)
        aad = data[: header.length] + metadata
        try:
            return AESGCM(self.key).decrypt(nonce(self.salt, header.ctr), data[header.length :], aad)
        except (InvalidTag, ValueError):
            raise TwinError("sframe_authentication") from None
