"""Checkpoints: the tree's size and root as a signed note, readable by any C2SP tool. Pure but for the signature.

Spec: C2SP tlog-checkpoint, C2SP signed-note (Ed25519, signature type 0x01).
"""

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from conferences.errors import AuditCheckpointWrong

ED25519 = b"\x01"
ROOT_BYTES = 32
MOST_NOTE_BYTES = 16_384
_SIZE = re.compile(r"0|[1-9][0-9]{0,17}")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A verified statement of the log: its first ``size`` leaves have the root ``root`` (32 bytes)."""

    origin: str
    size: int
    root: bytes
    note: str


@dataclass(frozen=True, slots=True)
class LogKey:
    """The log's public key under the name that its notes carry; ``text`` is the form that signed-note tools read."""

    name: str
    public: bytes

    @property
    def key_id(self) -> bytes:
        """First 4 bytes of SHA-256(name ‖ 0x0A ‖ 0x01 ‖ public key)."""
        return hashlib.sha256(self.name.encode() + b"\n" + ED25519 + self.public).digest()[:4]

    @property
    def text(self) -> str:
        """``name+key id in hex+base64(0x01 ‖ public key)``."""
        return f"{self.name}+{self.key_id.hex()}+{base64.b64encode(ED25519 + self.public).decode()}"


def read_log_key(text: str) -> LogKey:
    """Parse the text form of a key.

    Raises:
        AuditCheckpointWrong: it is not one.

    """
    try:
        name, key_id, encoded = text.strip().split("+", 2)
        raw = base64.b64decode(encoded, validate=True)
    except (ValueError, binascii.Error):
        raise AuditCheckpointWrong("the key is not of the form name+id+key") from None
    key = LogKey(name, raw[1:])
    if raw[:1] != ED25519 or len(key.public) != ROOT_BYTES or key.key_id.hex() != key_id or not name or " " in name:
        raise AuditCheckpointWrong("the key is not an Ed25519 key of its name")
    return key


def sign_checkpoint(*, origin: str, size: int, root: bytes, key: Ed25519PrivateKey) -> str:
    """The signed note: origin, size, base64 root, an empty line, one signature line."""
    text = f"{origin}\n{size}\n{base64.b64encode(root).decode()}\n"
    named = LogKey(origin, key.public_key().public_bytes_raw())
    signature = base64.b64encode(named.key_id + key.sign(text.encode())).decode()
    return f"{text}\n\N{EM DASH} {origin} {signature}\n"


def open_checkpoint(note: str, key: LogKey) -> Checkpoint:
    """Verify ``note`` with the log's key, then parse it. Signatures by others (witnesses) are passed over.

    Raises:
        AuditCheckpointWrong: no valid signature of ``key``, or not a checkpoint of its log.

    """
    if len(note) > MOST_NOTE_BYTES:
        raise AuditCheckpointWrong("the checkpoint is too long")
    text, gap, signatures = note.rpartition("\n\n")
    if not gap:
        raise AuditCheckpointWrong("the checkpoint has no signature")
    text += "\n"
    _check_signature(text, signatures.splitlines(), key)
    lines = text.split("\n")
    try:
        root = base64.b64decode(lines[2], validate=True)
    except (IndexError, binascii.Error, ValueError):
        raise AuditCheckpointWrong("the checkpoint has no root") from None
    if lines[0] != key.name or not _SIZE.fullmatch(lines[1]) or len(root) != ROOT_BYTES:
        raise AuditCheckpointWrong("the note is not a checkpoint of this log")
    return Checkpoint(lines[0], int(lines[1]), root, note)


def _check_signature(text: str, lines: list[str], key: LogKey) -> None:
    public = Ed25519PublicKey.from_public_bytes(key.public)
    for line in lines:
        mark, _, rest = line.partition(" ")
        name, _, encoded = rest.partition(" ")
        try:
            raw = base64.b64decode(encoded, validate=True)
        except (binascii.Error, ValueError):
            raise AuditCheckpointWrong("a signature line of the checkpoint is malformed") from None
        if mark != "\N{EM DASH}" or name != key.name or raw[:4] != key.key_id:
            continue
        try:
            public.verify(raw[4:], text.encode())
        except InvalidSignature:
            break
        return
    raise AuditCheckpointWrong("the checkpoint is not signed by the log's key")
