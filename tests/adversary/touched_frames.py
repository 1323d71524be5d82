"""Encoded frames as a media server can change them: it knows where everything stands, and holds no key."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.adversary.forged_frames import field_of
from tests.twin import ekt
from tests.twin.frame import describe
from tests.twin.sframe import parse_header

TAIL_BYTES = 127

Touch = Callable[[bytes], bytes]


@dataclass(frozen=True)
class Places:
    """Where one byte of each part of an announcing video frame stands."""

    offsets: dict[str, int]

    @classmethod
    def of(cls, frame: bytes) -> "Places":
        body, _full = ekt.parse_tail(frame)
        prefix, _kind = describe("vp8", body)
        kid_bytes = ((body[prefix] >> 4) & 7) + 1
        tail = len(frame) - TAIL_BYTES
        kid_end = prefix + 1 + kid_bytes
        return cls(
            {
                "key frame bit": 0,
                "clear prefix": prefix - 1,
                "SFrame header": prefix,
                "source id": kid_end - 5,
                "spi": kid_end - 3,
                "ekt_epoch": kid_end - 1,
                "counter": kid_end,
                "ciphertext": prefix + parse_header(body[prefix:]).length,
                "end of the ciphertext": tail - 17,
                "tag": tail - 1,
                "signature": tail,
                "end of the signature": tail + 63,
                "wrapped key": tail + 64,
                "end of the wrapped key": tail + 119,
                "spi of the field": tail + 121,
                "ekt_epoch of the field": tail + 123,
                "length of the field": tail + 125,
                "type of the field": tail + 126,
            }
        )


def flip(frame: bytes, at: int, bit: int = 1) -> bytes:
    return frame[:at] + bytes([frame[at] ^ bit]) + frame[at + 1 :]


def flip_in(part: str) -> Touch:
    return lambda frame: flip(frame, Places.of(frame).offsets[part])


def without_field(frame: bytes) -> bytes:
    """The frame with its FullEKTField cut out and a ShortEKTField in its place."""
    return frame[: len(frame) - len(field_of(frame).tail)] + ekt.SHORT


def with_field_of(frame: bytes, other: bytes) -> bytes:
    """The frame with the tail of another one."""
    body, _full = ekt.parse_tail(frame)
    return body + field_of(other).tail
