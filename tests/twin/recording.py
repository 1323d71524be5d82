"""Janus' recordings (.mjr): what the media server saw, packet by packet, as encoded frames.

Spec: Janus ``record.c`` (MJR00002); RFC 3550; RFC 7741 (VP8 payload descriptor); RFC 7587 (Opus).
"""

import json
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

MAGIC = b"MJR00002"
PACKET = b"MEET"


@dataclass(frozen=True)
class Frame:
    """One encoded frame as the server could rebuild it; ``at_ms`` counts from the recording's first packet."""

    at_ms: int
    payload: bytes


@dataclass(frozen=True)
class Recording:
    """One medium of one publisher. ``started_us`` is the wall clock of its start."""

    kind: str
    codec: str
    started_us: int
    frames: list[Frame]


def read_recordings(directory: Path) -> list[Recording]:
    """Parse all files of a directory, but those into which no packet came: Janus leaves them without a header."""
    return [_read(path) for path in sorted(directory.glob("*.mjr")) if path.stat().st_size > len(MAGIC)]


def _read(path: Path) -> Recording:
    data = path.read_bytes()
    assert data[:8] == MAGIC, "not an MJR file"
    (length,) = struct.unpack_from(">H", data, 8)
    header = json.loads(data[10 : 10 + length])
    packets = list(_packets(data, 10 + length))
    kind = "video" if header["t"] == "v" else "audio"
    frames = list(_vp8_frames(packets)) if kind == "video" else [Frame(at, rtp.payload) for at, rtp in packets]
    return Recording(kind, header["c"], int(header["u"]), frames)


@dataclass(frozen=True)
class RTPPacket:
    marker: bool
    timestamp: int
    payload: bytes


def _packets(data: bytes, offset: int) -> Iterator[tuple[int, RTPPacket]]:
    while offset + 10 <= len(data) and data[offset : offset + 4] == PACKET:
        at_ms, length = struct.unpack_from(">IH", data, offset + 4)
        raw = data[offset + 10 : offset + 10 + length]
        offset += 10 + length
        packet = _rtp(raw)
        if packet.payload:
            yield at_ms, packet


def _rtp(raw: bytes) -> RTPPacket:
    first, second, _sequence, timestamp = struct.unpack_from(">BBHI", raw)
    start = 12 + 4 * (first & 0x0F)
    if first & 0x10:
        (words,) = struct.unpack_from(">H", raw, start + 2)
        start += 4 + 4 * words
    end = len(raw) - raw[-1] if first & 0x20 else len(raw)
    return RTPPacket(bool(second & 0x80), timestamp, raw[start:end])


def _vp8_frames(packets: list[tuple[int, RTPPacket]]) -> Iterator[Frame]:
    """Join the packets of one timestamp; a frame that does not begin at its start is left out."""
    parts: list[bytes] = []
    whole = False
    for at_ms, packet in packets:
        descriptor = _vp8_descriptor_length(packet.payload)
        starts = bool(packet.payload[0] & 0x10) and not packet.payload[0] & 0x07
        if starts:
            parts, whole = [], True
        parts.append(packet.payload[descriptor:])
        if packet.marker and whole:
            yield Frame(at_ms, b"".join(parts))
            whole = False


def _vp8_descriptor_length(payload: bytes) -> int:
    """RFC 7741 section 4.2."""
    length = 1
    if payload[0] & 0x80:
        extension = payload[1]
        length += 1
        if extension & 0x80:
            length += 2 if payload[length] & 0x80 else 1
        length += bool(extension & 0x40)
        length += bool(extension & 0x30)
    return length
