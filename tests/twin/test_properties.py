"""What holds for any input: parsers raise coded errors or give back what was encoded; nothing forged is opened."""

from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from tests.twin import agreement, base64url, ekt, sframe
from tests.twin.errors import TwinError
from tests.twin.frame import FrameOpener, make_kid, seal_frame

NUMBERS = st.integers(0, 2**64 - 1) | st.integers(0, 300)
IDENTITY = Ed25519PrivateKey.from_private_bytes(bytes(32))
CONFERENCE = "A" * 22
EKT_KEY = bytes(range(32))
SENDER_KEY = bytes(range(32, 64))
SOURCE_ID = 77
KEY = sframe.FrameKey.from_base_key(SENDER_KEY, make_kid(SOURCE_ID, 1, 0), 5)
FIELD = ekt.encode_field(ekt_key=EKT_KEY, plaintext=ekt.encode_plaintext(SENDER_KEY, SOURCE_ID), spi=1, ekt_epoch=0)
TAIL = ekt.sign(IDENTITY, CONFERENCE, FIELD).tail


def outcome_of(parse: Callable[[Any], Any], data: bytes | str) -> Any:
    """What ``parse`` gives back, or the code of its refusal."""
    try:
        return parse(data)
    except TwinError as refusal:
        return refusal.code


def opener() -> FrameOpener:
    return FrameOpener(conference_id=CONFERENCE, ekt_keys={1: EKT_KEY}, identities={SOURCE_ID: IDENTITY.public_key()})


@given(NUMBERS, NUMBERS, st.binary(max_size=4))
def test_headers_come_back_as_they_went(kid: int, ctr: int, rest: bytes) -> None:
    encoded = sframe.encode_header(kid, ctr)
    assert sframe.parse_header(encoded + rest) == sframe.Header(kid, ctr, len(encoded))


@given(st.binary(max_size=20))
def test_a_header_is_refused_or_the_only_encoding_of_its_numbers(data: bytes) -> None:
    outcome = outcome_of(sframe.parse_header, data)
    if isinstance(outcome, sframe.Header):
        assert sframe.encode_header(outcome.kid, outcome.ctr) == data[: outcome.length]
    else:
        assert outcome == "sframe_header"


@given(st.binary(max_size=200), st.sampled_from([b"", b"\x00\x3f\x02", b"\x00", b"\x02", b"\xff\xff\x02"]))
def test_tails_lose_nothing(data: bytes, ending: bytes) -> None:
    frame = data + ending
    outcome = outcome_of(ekt.parse_tail, frame)
    if isinstance(outcome, tuple):
        rest, full = outcome
        assert rest + (ekt.SHORT if full is None else full.tail) == frame
    else:
        assert outcome in {"ekt_empty", "ekt_type", "ekt_length"}


@given(st.text(max_size=80))
def test_any_text_is_a_coded_refusal_as_a_header(text: str) -> None:
    with pytest.raises(TwinError) as refusal:
        agreement.parse_header(text)
    assert refusal.value.code.startswith("encryption_key_")


@given(st.binary(max_size=50))
def test_base64url_has_one_form(data: bytes) -> None:
    text = base64url.encode(data)
    assert base64url.decode(text) == data
    for other in (text + "=", text + "A", text + "\n", " " + text):
        assert outcome_of(base64url.decode, other) != data


@given(st.binary(max_size=300), st.sampled_from(["opus", "vp8"]))
def test_noise_is_never_a_frame(noise: bytes, codec: str) -> None:
    with pytest.raises(TwinError):
        opener().open(noise, track="mic", codec=codec)


@given(st.binary(min_size=10, max_size=100), st.sampled_from(["opus", "vp8"]), st.data())
def test_a_changed_frame_is_never_opened_as_another(data: bytes, codec: str, draw: st.DataObject) -> None:
    frame = seal_frame(key=KEY, ctr=5, track="camera", codec=codec, data=data, tail=TAIL)
    receiver = opener()
    at = draw.draw(st.integers(0, len(frame) - 1))
    changed = frame[:at] + bytes([frame[at] ^ draw.draw(st.integers(1, 255))]) + frame[at + 1 :]
    with pytest.raises(TwinError):
        receiver.open(changed, track="camera", codec=codec)
    assert receiver.open(frame, track="camera", codec=codec).data == data
