"""Streams of encoded frames as one receiver sees them, in order; what he has learnt from one serves for the next."""

from typing import Any

from tests.twin import ekt
from tests.twin.frame import make_kid, seal_frame
from tests.twin.sframe import FrameKey
from tests.vectors.material import CONFERENCE, EKT_KEY, SENDER_KEY, SOURCE_ID, SPI, identity, octets

Case = dict[str, Any]
OTHER_SOURCE_ID = 0x1F
FORGED = "sframe_authentication"
AUDIO = octets("Opus frame", 60)
VIDEO_KEY = b"\x50" + octets("VP8 key frame", 119)
VIDEO_OTHER = b"\x51" + octets("VP8 frame", 79)


def cases() -> list[Case]:
    return [
        _stream("suite 5", suite=5, frames=_ordinary(5)),
        _stream("suite 4", suite=4, frames=_ordinary(4)),
        _stream("a second sender key", suite=5, frames=_second_key()),
        _stream("refusals", suite=5, frames=_refusals()),
        _stream("fields that are dropped", suite=5, frames=_dropped_fields()),
    ]


def _stream(name: str, *, suite: int, frames: list[Case]) -> Case:
    identities = {SOURCE_ID: identity("sender"), OTHER_SOURCE_ID: identity("another")}
    inputs = {
        "conference_id": CONFERENCE,
        "suite": suite,
        "spi": SPI,
        "ekt_key": EKT_KEY.hex(),
        "identities": {str(number): key.public_key().public_bytes_raw().hex() for number, key in identities.items()},
    }
    return {"name": name, "inputs": inputs, "frames": frames}


def _key(base_key: bytes = SENDER_KEY, ekt_epoch: int = 0, *, suite: int = 5, source_id: int = SOURCE_ID) -> FrameKey:
    return FrameKey.from_base_key(base_key, make_kid(source_id, SPI, ekt_epoch), suite)


def _tail(base_key: bytes = SENDER_KEY, ekt_epoch: int = 0, *, source_id: int = SOURCE_ID, signer: str = "sender") -> bytes:
    plaintext = ekt.encode_plaintext(base_key, source_id)
    field = ekt.encode_field(ekt_key=EKT_KEY, plaintext=plaintext, spi=SPI, ekt_epoch=ekt_epoch)
    return ekt.sign(identity(signer), CONFERENCE, field).tail


def _frame(
    name: str, frame: bytes, *, track: str, codec: str, data: bytes | None = None, expect: str = "ok", source_id: int = SOURCE_ID
) -> Case:
    output = None if data is None else {"source_id": source_id, "data": data.hex()}
    return {"name": name, "track": track, "codec": codec, "frame": frame.hex(), "expect": expect, "output": output}


def _audio(name: str, key: FrameKey, ctr: int, tail: bytes = ekt.SHORT, *, expect: str = "ok") -> Case:
    frame = seal_frame(key=key, ctr=ctr, track="mic", codec="opus", data=AUDIO, tail=tail)
    return _frame(name, frame, track="mic", codec="opus", data=AUDIO if expect == "ok" else None, expect=expect)


def _video(name: str, key: FrameKey, ctr: int, data: bytes, tail: bytes = ekt.SHORT) -> Case:
    frame = seal_frame(key=key, ctr=ctr, track="camera", codec="vp8", data=data, tail=tail)
    return _frame(name, frame, track="camera", codec="vp8", data=data)


def _ordinary(suite: int) -> list[Case]:
    key, tail = _key(suite=suite), _tail()
    return [
        _audio("sound with a full field", key, 0, tail),
        _audio("sound", key, 1),
        _video("key frame with the same full field", key, 2, VIDEO_KEY, tail),
        _video("frame", key, 3, VIDEO_OTHER),
        _audio("counter of two bytes", key, 0x1234),
        _audio("a late frame within the window", key, 0x1233),
        _audio("counter of five bytes", key, 0x123456789A),
    ]


def _second_key() -> list[Case]:
    first, second = _key(), _key(octets("second sender key"), 1)
    tail = _tail(octets("second sender key"), 1)
    return [
        _audio("under the first key", first, 0, _tail()),
        _audio("under the first key, announcing the second", first, 1, tail),
        _audio("under the first key, no field", first, 2),
        _audio("under the second key", second, 0),
        _audio("under the second key, announced again", second, 1, tail),
    ]


def _dropped_fields() -> list[Case]:
    """The frame is authentic and goes on; what its field says is not taken, so that no frame opens under it."""
    key, base = _key(ekt_epoch=4), octets("dropped sender key")
    named_otherwise = ekt.sign(
        identity("sender"),
        CONFERENCE,
        ekt.encode_field(ekt_key=EKT_KEY, plaintext=ekt.encode_plaintext(base, OTHER_SOURCE_ID), spi=SPI, ekt_epoch=5),
    )
    other_spi = ekt.sign(
        identity("sender"),
        CONFERENCE,
        ekt.encode_field(ekt_key=EKT_KEY, plaintext=ekt.encode_plaintext(base, SOURCE_ID), spi=SPI + 1, ekt_epoch=5),
    )
    dropped = {
        "a lower count": (_tail(base, 3), 3, "ekt_epoch"),
        "the same count, other bytes": (_tail(base, 4), 4, FORGED),
        "signed by somebody else": (_tail(base, 5, signer="another"), 5, "ekt_signature"),
        "somebody else's source id inside": (named_otherwise.tail, 5, "ekt_ssrc"),
        "another SPI": (other_spi.tail, 5, "ekt_spi"),
    }
    frames = [_audio("first", key, 0, _tail(ekt_epoch=4))]
    for number, (name, (tail, count, code)) in enumerate(dropped.items(), start=1):
        frames.append(_audio(f"{name}: its carrier", key, number, tail))
        frames.append(_audio(f"{name}: under its key", _key(base, count), 100 + number, tail, expect=code))
    return [*frames, _audio("after all that", key, 90), _audio("the first field again", key, 91, _tail(ekt_epoch=4))]


def _refusals() -> list[Case]:
    key, tail = _key(), _tail()
    good = seal_frame(key=key, ctr=0, track="mic", codec="opus", data=AUDIO, tail=tail)
    body = seal_frame(key=key, ctr=1, track="mic", codec="opus", data=AUDIO, tail=b"")
    video = seal_frame(key=key, ctr=9, track="camera", codec="vp8", data=VIDEO_OTHER, tail=ekt.SHORT)
    foreign = _key(octets("foreign sender key"), source_id=OTHER_SOURCE_ID)
    stranger = _key(octets("stranger's sender key"), source_id=OTHER_SOURCE_ID + 1)
    unsigned = _tail(octets("foreign sender key"), source_id=OTHER_SOURCE_ID)

    def sound(name: str, frame: bytes, expect: str) -> Case:
        return _frame(name, frame, track="mic", codec="opus", expect=expect)

    def sealed(sender: FrameKey, ending: bytes) -> bytes:
        return seal_frame(key=sender, ctr=0, track="mic", codec="opus", data=AUDIO, tail=ending)

    return [
        sound("key not announced yet", sealed(key, ekt.SHORT), "unknown_kid"),
        sound("signed by another participant", sealed(foreign, unsigned), "ekt_signature"),
        sound("a field under another frame", sealed(_key(octets("x"), 5), tail), "unknown_kid"),
        sound("a field whose frame is not authentic", sealed(_key(octets("not the announced key")), tail), FORGED),
        sound("source that is not in the roster", sealed(stranger, tail), "not_in_roster"),
        sound("empty frame", b"", "ekt_empty"),
        sound("only a short field", ekt.SHORT, "sframe_header"),
        sound("only a header", b"\x00" + ekt.SHORT, "not_in_roster"),
        sound("header cut off", body[:3] + ekt.SHORT, "sframe_header"),
        _frame("accepted", good, track="mic", codec="opus", data=AUDIO),
        sound("the same frame again", good, "replayed"),
        sound("one bit of the ciphertext changed", _flip(body, 30) + ekt.SHORT, FORGED),
        sound("one bit of the tag changed", _flip(body, len(body) - 1) + ekt.SHORT, FORGED),
        sound("counter changed", _flip(body, 0) + ekt.SHORT, "replayed"),
        sound("tag cut off", body[:-16] + ekt.SHORT, FORGED),
        sound("tag and ciphertext cut off", body[:12] + ekt.SHORT, FORGED),
        _frame(
            "sound passed off as another track",
            body + ekt.SHORT,
            track="screen-audio",
            codec="opus",
            expect=FORGED,
        ),
        _frame("one bit of the clear prefix changed", _flip(video, 1), track="camera", codec="vp8", expect=FORGED),
        _frame("camera passed off as screen", video, track="screen", codec="vp8", expect=FORGED),
        _frame("shorter than its clear prefix", b"\x51\x00" + ekt.SHORT, track="camera", codec="vp8", expect="frame_too_short"),
        sound("after all that, still opened", body + ekt.SHORT, "ok") | {"output": {"source_id": SOURCE_ID, "data": AUDIO.hex()}},
    ]


def _flip(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
