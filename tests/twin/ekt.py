"""EKT fields at the end of a frame (RFC 8870, docs/protocol.md section 6)."""

from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap_with_padding, aes_key_wrap_with_padding

from tests.twin.errors import TwinError

LABEL = b"conclave/1 sender key"
SHORT = b"\x00"
FULL_TYPE = 2
FULL_BYTES = 63
SIGNATURE_BYTES = 64
SENDER_KEY_BYTES = 32


@dataclass(frozen=True)
class FullField:
    """A FullEKTField with the signature before it; nothing of it is authentic yet."""

    signature: bytes
    field: bytes

    @property
    def ciphertext(self) -> bytes:
        return self.field[:56]

    @property
    def spi(self) -> int:
        return int.from_bytes(self.field[56:58], "big")

    @property
    def ekt_epoch(self) -> int:
        return int.from_bytes(self.field[58:60], "big")

    @property
    def tail(self) -> bytes:
        return self.signature + self.field


def parse_tail(frame: bytes) -> tuple[bytes, FullField | None]:
    """Split a frame into what stands before its tail, and the tail: ``None`` for a ShortEKTField.

    Raises:
        TwinError: ``ekt_empty``, ``ekt_type``, ``ekt_length``.

    """
    if not frame:
        raise TwinError("ekt_empty")
    if frame.endswith(SHORT):
        return frame[:-1], None
    if frame[-1] != FULL_TYPE:
        raise TwinError("ekt_type")
    tail_bytes = SIGNATURE_BYTES + FULL_BYTES
    if int.from_bytes(frame[-3:-1], "big") != FULL_BYTES or len(frame) < tail_bytes:
        raise TwinError("ekt_length")
    tail = frame[-tail_bytes:]
    return frame[:-tail_bytes], FullField(tail[:SIGNATURE_BYTES], tail[SIGNATURE_BYTES:])


def encode_plaintext(sender_key: bytes, source_id: int, roc: int = 0) -> bytes:
    return bytes([len(sender_key)]) + sender_key + source_id.to_bytes(4, "big") + roc.to_bytes(4, "big")


def encode_field(*, ekt_key: bytes, plaintext: bytes, spi: int, ekt_epoch: int) -> bytes:
    """Encode a FullEKTField: 63 bytes for a plaintext of 41."""
    ciphertext = aes_key_wrap_with_padding(ekt_key, plaintext)
    length = len(ciphertext) + 7
    return b"".join(
        (ciphertext, spi.to_bytes(2, "big"), ekt_epoch.to_bytes(2, "big"), length.to_bytes(2, "big"), bytes([FULL_TYPE]))
    )


def sign(identity: Ed25519PrivateKey, conference_id: str, field: bytes) -> FullField:
    return FullField(identity.sign(LABEL + conference_id.encode() + field), field)


def check_signature(full: FullField, identity: Ed25519PublicKey, conference_id: str) -> None:
    """Raise ``ekt_signature`` unless ``identity`` signed the field for this conference."""
    try:
        identity.verify(full.signature, LABEL + conference_id.encode() + full.field)
    except InvalidSignature:
        raise TwinError("ekt_signature") from None


def open_field(full: FullField, ekt_key: bytes, source_id: int) -> bytes:
    """The sender key; raises ``ekt_unwrap``, ``ekt_key_length``, ``ekt_ssrc``, ``ekt_roc``."""
    try:
        plaintext = aes_key_unwrap_with_padding(ekt_key, full.ciphertext)
    except InvalidUnwrap:
        raise TwinError("ekt_unwrap") from None
    if len(plaintext) != SENDER_KEY_BYTES + 9 or plaintext[0] != SENDER_KEY_BYTES:
        raise TwinError("ekt_key_length")
    if plaintext[-8:-4] != source_id.to_bytes(4, "big"):
        raise TwinError("ekt_ssrc")
    if plaintext[-4:] != bytes(4):
        raise TwinError("ekt_roc")
    return plaintext[1:-8]
