"""The way in of one socket: short text frames that come by themselves are heard at once, all else is the server library's.

What members usually say is one frame of some forty bytes. A server takes it through a parser, a queue and a task, several times
the work of hearing it (ADR 0029). Whoever sends what is read otherwise here than there deceives himself only: it counts
for his own socket.

Spec: RFC 6455 section 5.2 (masked, final, opcode 1).
"""

from collections.abc import Callable

_TEXT, _MASKED, _FINAL, _CONTROL = 0x81, 0x80, 0x80, 0x08
_SHORT = 125  # payload bytes; more have a longer head
_HEAD = 6  # of a short masked frame
_LENGTH_BYTES = {126: 2, 127: 8}


class Intake:
    """Stands before a library's ``data_received``; follows where frames begin, as the library does."""

    def __init__(self, *, hear: Callable[[bytes], bool], pass_on: Callable[[bytes], object]) -> None:
        """``hear`` takes the text of a frame, or gives False: then the library gets it. ``pass_on`` is the library's."""
        self._hear = hear
        self._pass_on = pass_on
        self._head = b""  # of a frame that began
        self._left = 0  # payload bytes of it that are still to come
        self._is_fragmented = False
        self._is_between = True  # messages

    def take(self, data: bytes) -> None:
        """Bytes as they came from the line."""
        size = len(data) - _HEAD
        if self._is_between and 0 < size <= _SHORT and data[0] == _TEXT and data[1] == _MASKED | size:
            if self._hear(_unmasked(data, size)):
                return
        else:
            self._follow(data)
        self._pass_on(data)

    def _follow(self, data: bytes) -> None:
        while data:
            if self._left:
                passed = min(self._left, len(data))
                self._left -= passed
            else:
                passed = min(_head_size(self._head) - len(self._head), len(data))
                self._head += data[:passed]
                if len(self._head) == _head_size(self._head):
                    self._begin_payload()
            data = data[passed:]
        self._is_between = not (self._left or self._head or self._is_fragmented)

    def _begin_payload(self) -> None:
        head, self._head = self._head, b""
        size = head[1] & 0x7F
        self._left = int.from_bytes(head[2 : 2 + _LENGTH_BYTES[size]], "big") if size in _LENGTH_BYTES else size
        if not head[0] & _CONTROL:
            self._is_fragmented = not head[0] & _FINAL


def _head_size(head: bytes) -> int:
    """Bytes that the head of this frame has, as far as ``head`` tells."""
    if len(head) < 2:  # noqa: PLR2004  the length is in the second
        return 2
    return 2 + _LENGTH_BYTES.get(head[1] & 0x7F, 0) + (4 if head[1] & _MASKED else 0)


def _unmasked(frame: bytes, size: int) -> bytes:
    mask = (frame[2:_HEAD] * (size // 4 + 1))[:size]
    return (int.from_bytes(frame[_HEAD:], "big") ^ int.from_bytes(mask, "big")).to_bytes(size, "big")
