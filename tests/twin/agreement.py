"""Key agreement with the KMF and the Encryption-Key header (docs/protocol.md section 3)."""

import hashlib
import re
from dataclasses import dataclass

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, mlkem, x25519
from cryptography.hazmat.primitives.kdf.hkdf import HKDF, HKDFExpand
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from tests.twin import base64url
from tests.twin.errors import TwinError

LABEL = b"conclave/1 EKT"
NAMES = ("keyid", "dh", "key", "usage", "spi", "ttl")
TOKEN = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
PARAMETER = re.compile(rf'[ \t]*({TOKEN})=(?:"([^"\\\x00-\x08\x0a-\x1f\x7f]*)"|({TOKEN}))[ \t]*(;|\Z)')


@dataclass(frozen=True)
class HybridPrivateKey:
    """X25519 and ML-KEM-768 side by side."""

    classical: x25519.X25519PrivateKey
    kem: mlkem.MLKEM768PrivateKey


PrivateKey = x25519.X25519PrivateKey | ec.EllipticCurvePrivateKey | HybridPrivateKey


def lp(text: str) -> bytes:
    data = text.encode()
    return len(data).to_bytes(2, "big") + data


def raw_public(key: PrivateKey) -> bytes:
    """32 bytes for X25519, 65 for P-256, 32 + 1184 for the hybrid."""
    if isinstance(key, HybridPrivateKey):
        return raw_public(key.classical) + key.kem.public_key().public_bytes_raw()
    public = key.public_key()
    if isinstance(public, x25519.X25519PublicKey):
        return public.public_bytes_raw()
    return public.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)


def shared_secret(key: PrivateKey, peer: bytes) -> bytes:
    """Raises ``agreement_failed`` where ``peer`` is no public key of the same algorithm, or of low order."""
    try:
        if isinstance(key, HybridPrivateKey):
            return shared_secret(key.classical, peer[:32]) + key.kem.decapsulate(peer[32:])
        if isinstance(key, x25519.X25519PrivateKey):
            return key.exchange(x25519.X25519PublicKey.from_public_bytes(peer))
        return key.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), peer))
    except ValueError:
        raise TwinError("agreement_failed") from None


def member_secret(*, dh: bytes, endpoint_key: bytes, secret: bytes) -> bytes:
    return HKDF.extract(hashes.SHA256(), hashlib.sha256(dh + endpoint_key).digest(), secret)


def derive_kek(*, member: bytes, conference_id: str, key_id: str, spi: int, jkt: str) -> bytes:
    info = LABEL + lp(conference_id) + lp(key_id) + spi.to_bytes(2, "big") + lp(jkt)
    return HKDFExpand(hashes.SHA256(), 32, info).derive(member)


def wrap(kek: bytes, ekt_key: bytes) -> bytes:
    return aes_key_wrap(kek, ekt_key)


def unwrap(kek: bytes, wrapped: bytes) -> bytes:
    """The EKT key, 32 bytes; raises ``unwrap_failed``."""
    try:
        key = aes_key_unwrap(kek, wrapped)
    except (InvalidUnwrap, ValueError):
        raise TwinError("unwrap_failed") from None
    if len(key) != 32:
        raise TwinError("unwrap_failed")
    return key


@dataclass(frozen=True)
class EncryptionKey:
    """A parsed header; ``ttl`` in seconds."""

    key_id: str
    dh: bytes
    wrapped: bytes
    spi: int
    ttl: int


def encode_header(*, key_id: str, dh: bytes, wrapped: bytes, spi: int, ttl: int) -> str:
    dh_text, key_text = base64url.encode(dh), base64url.encode(wrapped)
    return f'keyid="{key_id}"; dh="{dh_text}"; key="{key_text}"; usage="EKT"; spi={spi}; ttl={ttl}'


def parse_header(header: str) -> EncryptionKey:
    """Parse; raises ``encryption_key_`` with ``syntax``, ``duplicate``, ``unknown``, ``missing``, ``usage`` or ``value``."""
    values = _parse_parameters(header)
    if not values.keys() <= set(NAMES):
        raise TwinError("encryption_key_unknown")
    if values.keys() != set(NAMES):
        raise TwinError("encryption_key_missing")
    if values["usage"] != "EKT":
        raise TwinError("encryption_key_usage")
    _decode(values["keyid"], 16)
    return EncryptionKey(
        key_id=values["keyid"],
        dh=_decode(values["dh"], 32, 65, 1120),
        wrapped=_decode(values["key"], 40),
        spi=_number(values["spi"], 0, 2**16 - 1),
        ttl=_number(values["ttl"], 1, 2**24 - 1),
    )


def _parse_parameters(header: str) -> dict[str, str]:
    values: dict[str, str] = {}
    at, ending = 0, ";"
    while ending == ";":
        match = PARAMETER.match(header, at)
        if match is None:
            raise TwinError("encryption_key_syntax")
        name, quoted, token, ending = match.groups()
        if name.lower() in values:
            raise TwinError("encryption_key_duplicate")
        values[name.lower()] = token if quoted is None else quoted
        at = match.end()
    return values


def _decode(text: str, *lengths: int) -> bytes:
    try:
        data = base64url.decode(text)
    except TwinError:
        raise TwinError("encryption_key_value") from None
    if len(data) not in lengths:
        raise TwinError("encryption_key_value")
    return data


def _number(text: str, least: int, most: int) -> int:
    if re.fullmatch(r"0|[1-9][0-9]{0,8}", text, re.ASCII) is None or not least <= int(text) <= most:
        raise TwinError("encryption_key_value")
    return int(text)
