"""Release notes: version and hash of a manifest as a signed note, readable by any C2SP tool. Pure.

Spec: C2SP signed-note (Ed25519, signature type 0x01).
"""

import base64
import binascii
import hashlib
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from endpoint_release.errors import NoteWrong

TITLE = "conclave endpoint release"
DIGEST_BYTES = 32
MOST_NOTE_BYTES = 16_384
_ED25519 = b"\x01"
_DASH = "\N{EM DASH}"


@dataclass(frozen=True, slots=True)
class ReleaseKey:
    """A releaser's public key (32 bytes) under the name that its notes carry."""

    name: str
    public: bytes

    @property
    def key_id(self) -> bytes:
        """First 4 bytes of SHA-256(name ‖ 0x0A ‖ 0x01 ‖ public key)."""
        return hashlib.sha256(self.name.encode() + b"\n" + _ED25519 + self.public).digest()[:4]

    @property
    def text(self) -> str:
        """``name+key id in hex+base64(0x01 ‖ public key)``."""
        return f"{self.name}+{self.key_id.hex()}+{base64.b64encode(_ED25519 + self.public).decode()}"


@dataclass(frozen=True, slots=True)
class ReleaseNote:
    """What a note says: ``digest`` is the SHA-256 of the manifest (32 bytes); ``signers`` are names, not yet believed."""

    version: str
    digest: bytes
    signers: tuple[str, ...]
    text: str


def read_key(text: str) -> ReleaseKey:
    """Parse the text form of a key.

    Raises:
        NoteWrong: it is not one.

    """
    try:
        name, key_id, encoded = text.strip().split("+", 2)
        raw = base64.b64decode(encoded, validate=True)
    except (ValueError, binascii.Error):
        raise NoteWrong("the key is not of the form name+id+key") from None
    key = ReleaseKey(name, raw[1:])
    if raw[:1] != _ED25519 or len(key.public) != DIGEST_BYTES or key.key_id.hex() != key_id or not is_name(name):
        raise NoteWrong("the key is not an Ed25519 key of its name")
    return key


def is_name(name: str) -> bool:
    """Whether a key may have this name: no white space, no plus sign."""
    return bool(name) and name.isprintable() and not any(character.isspace() or character == "+" for character in name)


def sign_note(*, version: str, digest: bytes, name: str, key: Ed25519PrivateKey) -> str:
    """The signed note: title, version, base64 hash, an empty line, one signature line.

    Raises:
        NoteWrong: the key cannot have that name.

    """
    if not is_name(name):
        raise NoteWrong("a key's name has neither white space nor a plus sign")
    text = f"{TITLE}\n{version}\n{base64.b64encode(digest).decode()}\n"
    named = ReleaseKey(name, key.public_key().public_bytes_raw())
    signature = base64.b64encode(named.key_id + key.sign(text.encode())).decode()
    return f"{text}\n{_DASH} {name} {signature}\n"


def parse_note(note: str) -> ReleaseNote:
    """What a note says, whoever signed it.

    Raises:
        NoteWrong: it is not a release note.

    """
    text, gap, signatures = note.rpartition("\n\n")
    lines = text.split("\n")
    if len(note) > MOST_NOTE_BYTES or not gap or len(lines) != 3 or lines[0] != TITLE:  # noqa: PLR2004  title, version, hash
        raise NoteWrong("not a release note")
    try:
        digest = base64.b64decode(lines[2], validate=True)
    except (ValueError, binascii.Error):
        raise NoteWrong("not a release note") from None
    if len(digest) != DIGEST_BYTES:
        raise NoteWrong("not a release note")
    signers = tuple(line.split(" ")[1] for line in signatures.splitlines() if line.startswith(f"{_DASH} "))
    return ReleaseNote(lines[1], digest, signers, note)


def open_note(note: str, key: ReleaseKey) -> ReleaseNote:
    """What a note says, once ``key`` is seen to have signed it. Signatures by others are passed over.

    Raises:
        NoteWrong: not a release note, or not signed by ``key``.

    """
    parsed = parse_note(note)
    text, _, signatures = note.rpartition("\n\n")
    public = Ed25519PublicKey.from_public_bytes(key.public)
    for line in signatures.splitlines():
        mark, _, rest = line.partition(" ")
        name, _, encoded = rest.partition(" ")
        try:
            raw = base64.b64decode(encoded, validate=True)
        except (ValueError, binascii.Error):
            raise NoteWrong("a signature line is malformed") from None
        if mark != _DASH or name != key.name or raw[:4] != key.key_id:
            continue
        try:
            public.verify(raw[4:], f"{text}\n".encode())
        except InvalidSignature:
            break
        return parsed
    message = f"not signed by the key {key.name}"
    raise NoteWrong(message)
