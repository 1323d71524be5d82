"""Encoded frames: sealing one, and opening a stream of them with the EKT keys and the roster (docs/protocol.md section 6)."""

from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from tests.twin import ekt
from tests.twin.errors import TwinError
from tests.twin.sframe import GCM_SUITES, FrameKey, parse_header

TRACKS = {"mic": 0, "camera": 1, "screen": 2, "screen-audio": 3}
CODECS = {"opus": 1, "vp8": 2}
VERSION = 1
AUDIO, VIDEO_KEY, VIDEO_OTHER = 0, 1, 2


def make_kid(source_id: int, spi: int, ekt_epoch: int) -> int:
    return source_id << 32 | spi << 16 | ekt_epoch


def describe(codec: str, frame: bytes) -> tuple[int, int]:
    """Length of the clear prefix, and kind; raises ``frame_too_short``."""
    if codec == "opus":
        return 0, AUDIO
    is_key = bool(frame) and not frame[0] & 1
    length = 10 if is_key else 3
    if len(frame) < length:
        raise TwinError("frame_too_short")
    return length, VIDEO_KEY if is_key else VIDEO_OTHER


def encode_metadata(*, kind: int, track: str, codec: str, prefix: bytes) -> bytes:
    return bytes([VERSION, kind, TRACKS[track], CODECS[codec]]) + prefix


def seal_frame(*, key: FrameKey, ctr: int, track: str, codec: str, data: bytes, tail: bytes) -> bytes:
    """``clear prefix ‖ SFrame ‖ tail`` of a frame of the encoder."""
    prefix_bytes, kind = describe(codec, data)
    prefix = data[:prefix_bytes]
    metadata = encode_metadata(kind=kind, track=track, codec=codec, prefix=prefix)
    return prefix + key.encrypt(ctr, metadata, data[prefix_bytes:]) + tail


@dataclass(frozen=True)
class OpenedFrame:
    """A frame as the decoder takes it, and who sent it under what."""

    source_id: int
    spi: int
    ekt_epoch: int
    ctr: int
    data: bytes


class FrameOpener:
    """Opens frames with EKT keys by SPI and identity keys by source id, learning sender keys on the way.

    It is for recordings: several EKT keys at once, no clock. A sender key is learnt from a frame that it, or a key already
    learnt, authenticates.
    """

    def __init__(self, *, conference_id: str, ekt_keys: Mapping[int, bytes], identities: Mapping[int, Ed25519PublicKey]) -> None:
        self._conference_id = conference_id
        self._ekt_keys = ekt_keys
        self._identities = identities
        self._keys: dict[int, list[FrameKey]] = {}
        self._seen: set[tuple[int, str, int]] = set()
        self._latest: dict[tuple[int, int], int] = {}

    def open(self, frame: bytes, *, track: str, codec: str) -> OpenedFrame:
        """Open one frame of ``track``.

        Raises:
            TwinError: with the code of what is wrong. Nothing is remembered of a refused frame.

        """
        rest, full = ekt.parse_tail(frame)
        prefix_bytes, kind = describe(codec, rest)
        prefix, body = rest[:prefix_bytes], rest[prefix_bytes:]
        header = parse_header(body)
        source_id = header.kid >> 32
        if source_id not in self._identities:
            raise TwinError("not_in_roster")
        if (header.kid, track, header.ctr) in self._seen:
            raise TwinError("replayed")
        metadata = encode_metadata(kind=kind, track=track, codec=codec, prefix=prefix)
        announced = self._announced(full, source_id, header.kid)
        keys = self._keys.get(header.kid) or announced.get(header.kid)
        if not keys:
            raise TwinError("unknown_kid")
        plaintext, key = _decrypt(keys, body, metadata)
        for kid in announced:
            self._latest[kid >> 32, kid >> 16 & 0xFFFF] = kid & 0xFFFF
        self._keys.update(announced)
        self._keys[header.kid] = [key]
        self._seen.add((header.kid, track, header.ctr))
        spi, ekt_epoch = header.kid >> 16 & 0xFFFF, header.kid & 0xFFFF
        return OpenedFrame(source_id, spi, ekt_epoch, header.ctr, prefix + plaintext)

    def _announced(self, full: ekt.FullField | None, source_id: int, frame_kid: int) -> dict[int, list[FrameKey]]:
        """What a tail announces. A bad field matters only where the frame itself needs its key."""
        if full is None:
            return {}
        kid = make_kid(source_id, full.spi, full.ekt_epoch)
        if kid in self._keys:
            return {}
        try:
            sender_key = self._open_field(full, source_id)
        except TwinError:
            if frame_kid in self._keys:
                return {}
            raise
        return {kid: [FrameKey.from_base_key(sender_key, kid, suite) for suite in sorted(GCM_SUITES, reverse=True)]}

    def _open_field(self, full: ekt.FullField, source_id: int) -> bytes:
        if full.spi not in self._ekt_keys:
            raise TwinError("ekt_spi")
        if full.ekt_epoch <= self._latest.get((source_id, full.spi), -1):
            raise TwinError("ekt_epoch")
        ekt.check_signature(full, self._identities[source_id], self._conference_id)
        return ekt.open_field(full, self._ekt_keys[full.spi], source_id)


def _decrypt(keys: list[FrameKey], body: bytes, metadata: bytes) -> tuple[bytes, FrameKey]:
    for key in keys:
        try:
            return key.decrypt(body, metadata), key
        except TwinError:
            continue
    raise TwinError("sframe_authentication")
