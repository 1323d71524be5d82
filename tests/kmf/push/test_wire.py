"""Which way out is taken, and that the official one keeps the order and is bounded by what it holds."""

import asyncio
from functools import partial
from typing import Any

from daphne.ws_protocol import WebSocketProtocol
from websockets.frames import Frame, Opcode

from kmf.push.wire import DaphneWire, OfficialWire, _daphne_frames, wire_for


async def test_an_unknown_server_gets_official_sends_in_order():
    heard: list[str] = []

    async def send(message: dict[str, Any]) -> None:
        await asyncio.sleep(0)
        heard.append(message["text"])

    wire = wire_for(send)
    assert isinstance(wire, OfficialWire)
    wire.write([b"one", b"two"])
    wire.write([b"three"])
    assert wire.waiting_bytes == 11
    for _ in range(20):
        await asyncio.sleep(0)
    assert (heard, wire.waiting_bytes) == (["one", "two", "three"], 0)


async def test_a_daphne_protocol_of_another_shape_gets_official_sends():
    async def send(_protocol: Any, _message: dict[str, Any]) -> None: ...

    assert isinstance(wire_for(partial(send, WebSocketProtocol())), OfficialWire)


def test_autobahn_frames_as_we_do():
    assert _daphne_frames(WebSocketProtocol)


class Transport:
    """A Twisted transport whose kernel takes ``room`` bytes."""

    connected, disconnecting, offset, dataBuffer, _tempDataLen = 1, False, 0, b"", 0  # noqa: N815  Twisted's name

    def __init__(self, room: int) -> None:
        self.room, self.sent, self.kept = room, b"", b""
        self.socket = self

    def send(self, data: bytes) -> int:
        if not self.room:
            raise BlockingIOError
        taken = data[: self.room]
        self.room -= len(taken)
        self.sent += taken
        return len(taken)

    def write(self, data: bytes) -> None:
        self.kept += data
        self._tempDataLen = len(self.kept)


class Protocol:
    last_ping = 0.0

    def __init__(self, transport: Transport) -> None:
        self.transport = transport
        self.received = b""

    def dataReceived(self, data: bytes) -> None:  # noqa: N802  Twisted's name
        self.received += data


def test_what_the_kernel_does_not_take_goes_through_twisted_and_nothing_overtakes_it():
    transport = Transport(room=5)
    wire = DaphneWire(Protocol(transport))
    wire.write([b"abcdef"])
    transport.room = 100
    wire.write([b"gh"])
    assert transport.sent + transport.kept == b"\x81\x06abcdef\x81\x02gh"
    assert len(transport.sent) == 5
    assert wire.waiting_bytes == 7


def test_daphne_gets_what_is_not_heard_and_sends_no_ping_to_whom_is():
    protocol = Protocol(Transport(room=0))
    DaphneWire(protocol).listen(lambda text: text == b"yes")
    no, yes = (Frame(Opcode.TEXT, text).serialize(mask=True) for text in (b"no", b"yes"))
    protocol.dataReceived(no)
    assert (protocol.received, protocol.last_ping) == (no, 0.0)
    protocol.dataReceived(yes)
    assert protocol.received == no
    assert protocol.last_ping > 0
