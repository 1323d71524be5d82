"""Short text frames are heard at once, and the library gets every other byte, however the line cuts them."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode

from kmf.push.intake import Intake


def frame(payload: bytes, opcode: Opcode = Opcode.TEXT, *, fin: bool = True) -> bytes:
    """A client's frame, as a library makes it."""
    return Frame(opcode, payload, fin=fin).serialize(mask=True)


def plain(payload: bytes) -> bytes:
    """A text under the mask 0: it stands on the line as it is."""
    head = Frame(Opcode.TEXT, payload).serialize(mask=False)[: -len(payload)]
    return bytes([head[0], head[1] | 0x80]) + head[2:] + bytes(4) + payload


class Line:
    """What came by which way."""

    def __init__(self, *, deaf: bool = False) -> None:
        self.heard: list[bytes] = []
        self.passed = b""
        self.deaf = deaf
        self.intake = Intake(hear=self.hear, pass_on=self.pass_on)

    def hear(self, text: bytes) -> bool:
        if not self.deaf:
            self.heard.append(text)
        return not self.deaf

    def pass_on(self, data: bytes) -> None:
        self.passed += data


def test_short_text_that_comes_by_itself_is_heard_and_the_library_sees_nothing_of_it():
    line = Line()
    line.intake.take(frame(b'{"type":"installed","epoch":7}'))
    line.intake.take(plain(b"x" * 125))
    assert (line.heard, line.passed) == ([b'{"type":"installed","epoch":7}', b"x" * 125], b"")


def test_what_is_not_taken_goes_to_the_library_whole():
    line = Line(deaf=True)
    sent = [frame(b"one"), frame(b"two"), frame(b"three")]
    for one in sent:
        line.intake.take(one)
    assert line.passed == b"".join(sent)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(frame(b"p", Opcode.PING), id="a ping"),
        pytest.param(frame(b"p", Opcode.PONG), id="a pong"),
        pytest.param(frame(b"\x03\xe8", Opcode.CLOSE), id="a close"),
        pytest.param(frame(b"bytes", Opcode.BINARY), id="a binary message"),
        pytest.param(frame(b""), id="an empty text"),
        pytest.param(frame(b"x" * 126), id="a text with a longer head"),
        pytest.param(Frame(Opcode.TEXT, b"text").serialize(mask=False), id="a text without a mask"),
        pytest.param(frame(b"text", fin=False), id="the beginning of a message"),
        pytest.param(b"\xc1" + frame(b"text")[1:], id="a compressed text"),
        pytest.param(frame(b"one") + frame(b"two"), id="two texts at once"),
    ],
)
def test_all_else_is_the_librarys(data: bytes):
    line = Line()
    line.intake.take(data)
    assert (line.heard, line.passed) == ([], data)


@pytest.mark.parametrize(
    "before",
    [
        pytest.param(frame(b"x" * 300)[:40], id="within a long text"),
        pytest.param(b"\x81", id="within a head"),
        pytest.param(b"\x81\xff" + bytes(6), id="within the longest head"),
        pytest.param(frame(b"begun", fin=False), id="between fragments"),
        pytest.param(frame(b"begun", fin=False) + frame(b"p", Opcode.PING), id="after a ping between fragments"),
    ],
)
def test_bytes_within_a_message_are_never_taken_for_one(before: bytes):
    line = Line()
    inner = plain(b'{"type":"installed","epoch":7}')
    line.intake.take(before)
    line.intake.take(inner)
    assert (line.heard, line.passed) == ([], before + inner)


@st.composite
def conversations(draw: Any) -> tuple[list[bytes], list[int]]:
    """Frames of messages that each say something else, and where the line cuts them."""
    frames: list[bytes] = []
    for number in range(draw(st.integers(1, 8))):
        text = b"%d " % number + b"x" * draw(st.sampled_from([0, 3, 122, 200, 66_000]))
        kind = draw(st.sampled_from(["text", "bytes", "ping", "fragments"]))
        if kind == "fragments":
            frames += [frame(text, fin=False), frame(b"p", Opcode.PING), frame(b" end", Opcode.CONT)]
        else:
            opcode = {"text": Opcode.TEXT, "bytes": Opcode.BINARY, "ping": Opcode.PING}[kind]
            frames.append(plain(text) if kind == "text" else frame(text[:125] if kind == "ping" else text, opcode))
    size = sum(map(len, frames))
    ends = [sum(map(len, frames[:count])) for count in range(1, len(frames))]
    return frames, sorted(set(draw(st.lists(st.one_of(st.sampled_from([*ends, 0]), st.integers(0, size)), max_size=12))))


@settings(max_examples=60, deadline=None)
@given(conversations())
def test_the_library_gets_exactly_the_frames_that_were_not_heard(conversation: tuple[list[bytes], list[int]]):
    frames, cuts = conversation
    line, data = Line(), b"".join(frames)
    for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True):
        line.intake.take(data[start:end])
    taken = {plain(text) for text in line.heard}
    assert len(taken) == len(line.heard)  # each says something else
    assert taken <= set(frames)
    assert line.passed == b"".join(one for one in frames if one not in taken)
