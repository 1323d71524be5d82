"""The AES-CTR-HMAC suites of RFC 9605 section 4.5.1 and its working group's AES-256 ones; only their vectors use them."""

import hmac
from dataclasses import dataclass

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from tests.twin import sframe
from tests.twin.errors import TwinError


@dataclass(frozen=True)
class Suite:
    """Lengths in bytes."""

    key_bytes: int
    tag_bytes: int
    algorithm: hashes.HashAlgorithm


SUITES = {
    1: Suite(16, 10, hashes.SHA256()),
    2: Suite(16, 8, hashes.SHA256()),
    3: Suite(16, 4, hashes.SHA256()),
    6: Suite(32, 10, hashes.SHA512()),
    7: Suite(32, 8, hashes.SHA512()),
    8: Suite(32, 4, hashes.SHA512()),
}


def split_key(suite: int, key: bytes) -> tuple[bytes, bytes]:
    """Encryption key and authentication key."""
    return key[: SUITES[suite].key_bytes], key[SUITES[suite].key_bytes :]


def seal(*, suite: int, key: bytes, nonce: bytes, aad: bytes, plaintext: bytes) -> bytes:
    enc_key, _ = split_key(suite, key)
    ciphertext = _ctr(enc_key, nonce, plaintext)
    return ciphertext + _tag(suite, key, nonce, aad, ciphertext)


def open_sealed(*, suite: int, key: bytes, nonce: bytes, aad: bytes, sealed: bytes) -> bytes:
    enc_key, _ = split_key(suite, key)
    ciphertext, tag = sealed[: -SUITES[suite].tag_bytes], sealed[-SUITES[suite].tag_bytes :]
    if not hmac.compare_digest(tag, _tag(suite, key, nonce, aad, ciphertext)):
        raise TwinError("sframe_authentication")
    return _ctr(enc_key, nonce, ciphertext)


def encrypt_frame(*, suite: int, base_key: bytes, kid: int, ctr: int, metadata: bytes, plaintext: bytes) -> bytes:
    algorithm = SUITES[suite].algorithm
    key_bytes = SUITES[suite].key_bytes + algorithm.digest_size
    key, salt = sframe.derive(base_key, kid, suite, algorithm, key_bytes)
    header = sframe.encode_header(kid, ctr)
    return header + seal(suite=suite, key=key, nonce=sframe.nonce(salt, ctr), aad=header + metadata, plaintext=plaintext)


def _ctr(enc_key: bytes, nonce: bytes, data: bytes) -> bytes:
    return Cipher(algorithms.AES(enc_key), modes.CTR(nonce + bytes(4))).encryptor().update(data)


def _tag(suite: int, key: bytes, nonce: bytes, aad: bytes, ciphertext: bytes) -> bytes:
    _, auth_key = split_key(suite, key)
    length, algorithm = SUITES[suite].tag_bytes, SUITES[suite].algorithm
    lengths = len(aad).to_bytes(8, "big") + len(ciphertext).to_bytes(8, "big") + length.to_bytes(8, "big")
    return hmac.digest(auth_key, lengths + nonce + aad + ciphertext, algorithm.name)[:length]
