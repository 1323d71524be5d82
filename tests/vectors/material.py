"""Keys and names of the vectors, all derived from words."""

import hashlib

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.twin import base64url


def octets(name: str, length: int = 32) -> bytes:
    """``length`` bytes that only ``name`` decides."""
    return hashlib.shake_256(b"conclave test vector: " + name.encode()).digest(length)


def identifier(name: str) -> str:
    """22 characters."""
    return base64url.encode(octets(name, 16))


def identity(name: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(octets(f"identity of {name}"))


CONFERENCE = identifier("conference")
EKT_KEY = octets("EKT key")
SENDER_KEY = octets("sender key")
SOURCE_ID = 0xC0FFEE01
SPI = 7
