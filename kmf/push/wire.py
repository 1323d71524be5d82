"""The way out of one socket: frames made here and written to the server's own transport, or the official ASGI ``send``.

Daphne's and uvicorn's ``send`` cost three to eight times the write itself (ADR 0024), and their way in as much (ADR 0029). Both
hand an application a callable behind which their protocol object stands; it is taken only if it looks exactly as expected
and makes the frames that we make.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from functools import cache, partial
from types import SimpleNamespace
from typing import Any, Protocol

from kmf.push.frames import text_frame
from kmf.push.intake import Intake

_log = logging.getLogger(__name__)
Send = Callable[[dict[str, Any]], Awaitable[None]]
Hear = Callable[[bytes], bool]
_PROBES = (b"{}", b"x" * 126, b"y" * 65536)


class Wire(Protocol):
    """What a hub writes to. Nothing here waits for a reader."""

    @property
    def waiting_bytes(self) -> int:
        """Bytes that were written and that the reader has not taken."""

    @property
    def is_open(self) -> bool:
        """Whether what is written has a line to go by, as far as is known here."""

    def write(self, payloads: Sequence[bytes]) -> None:
        """Write text messages, in this order."""

    def listen(self, hear: Hear) -> None:
        """Offer each short text message to ``hear`` first; what it gives False for comes by ``receive``, and all else.

        Call it once, before the reader can have said anything.
        """

    def abort(self) -> None:
        """Cut the line at once, whatever waits."""


class UvicornWire:
    """Frames to uvicorn's transport."""

    def __init__(self, protocol: Any) -> None:
        self._protocol = protocol
        self._transport = protocol.transport

    @property
    def waiting_bytes(self) -> int:
        """Bytes in the transport's buffer."""
        return int(self._transport.get_write_buffer_size())

    @property
    def is_open(self) -> bool:
        """Nobody closes it."""
        return not self._transport.is_closing()

    def write(self, payloads: Sequence[bytes]) -> None:
        """One write for all of them."""
        if self.is_open:
            self._transport.write(b"".join(map(text_frame, payloads)))

    def listen(self, hear: Hear) -> None:
        """Stand before the protocol's ``data_received``, which a transport of uvloop looks up once."""
        self._protocol.data_received = Intake(hear=hear, pass_on=self._protocol.data_received).take
        self._transport.set_protocol(self._protocol)

    def abort(self) -> None:
        """Cut the line."""
        self._transport.abort()


class DaphneWire:
    """Frames straight to the socket while Twisted holds nothing back for it, else to Twisted's transport."""

    def __init__(self, protocol: Any) -> None:
        self._protocol = protocol
        self._transport = protocol.transport
        self._socket = protocol.transport.socket

    @property
    def waiting_bytes(self) -> int:
        """Bytes in Twisted's two buffers."""
        transport = self._transport
        waiting: int = len(transport.dataBuffer) - transport.offset + transport._tempDataLen  # noqa: SLF001  looked at by wire_for
        return waiting

    @property
    def is_open(self) -> bool:
        """It is there, and nobody closes it."""
        return bool(self._transport.connected and not self._transport.disconnecting)

    def write(self, payloads: Sequence[bytes]) -> None:
        """One non-blocking send; what the kernel does not take goes Twisted's way."""
        if not self.is_open:
            return
        data, sent = b"".join(map(text_frame, payloads)), 0
        if not self.waiting_bytes:
            with suppress(OSError):  # full, or broken: the transport finds out
                sent = self._socket.send(data)
        if sent < len(data):
            self._transport.write(data[sent:])

    def listen(self, hear: Hear) -> None:
        """Stand before the protocol's ``dataReceived``; who was heard needs no ping, as Daphne has it."""

        def heard(text: bytes) -> bool:
            taken = hear(text)
            if taken:
                self._protocol.last_ping = time.time()
            return taken

        self._protocol.dataReceived = Intake(hear=heard, pass_on=self._protocol.dataReceived).take

    def abort(self) -> None:
        """Cut the line."""
        self._transport.abortConnection()


class OfficialWire:
    """Messages through ``send``, one after the other, in a task of their own."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._waiting: list[bytes] = []
        self._task: asyncio.Task[None] | None = None
        self._has_failed = False

    @property
    def waiting_bytes(self) -> int:
        """Bytes that ``send`` was not given yet."""
        return sum(map(len, self._waiting))

    @property
    def is_open(self) -> bool:
        """``send`` has not failed."""
        return not self._has_failed

    def write(self, payloads: Sequence[bytes]) -> None:
        """Queue them."""
        self._waiting.extend(payloads)
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._drain())

    def listen(self, hear: Hear) -> None:
        """Everything comes by ``receive``."""

    async def _drain(self) -> None:
        while self._waiting:
            try:
                await self._send({"type": "websocket.send", "text": self._waiting[0].decode()})
            except Exception:  # noqa: BLE001  a server may raise anything for a line that is gone: its «disconnect» follows
                self._waiting.clear()
                self._has_failed = True
                return
            if self._waiting:
                self._waiting.pop(0)

    def abort(self) -> None:
        """Drop what waits; the close that follows is the official one."""
        self._waiting.clear()
        if self._task is not None:
            self._task.cancel()


def wire_for(send: Send) -> Wire:
    """The fastest way out behind an ASGI ``send`` that is known to be right."""
    for find, checked, made in ((_uvicorn, _uvicorn_frames, UvicornWire), (_daphne, _daphne_frames, DaphneWire)):
        with suppress(AttributeError, ImportError, TypeError):
            protocol = find(send)
            if protocol is not None and checked(protocol.__class__):
                wire: Wire = made(protocol)
                wire.waiting_bytes  # noqa: B018  its attributes are there
                return wire
    _say_official(type(send).__name__)
    return OfficialWire(send)


def _uvicorn(send: Any) -> Any:
    """The protocol of a plain (uncompressed) uvicorn socket."""
    protocol = getattr(send, "__self__", None)
    if protocol is None or not type(protocol).__module__.startswith("uvicorn.protocols.websockets."):
        return None
    transport = protocol.transport  # uvloop's is no asyncio.Transport by type
    names = ("write", "abort", "is_closing", "get_write_buffer_size", "set_protocol")
    known = all(callable(getattr(transport, name)) for name in names) and callable(protocol.data_received)
    return protocol if known and not protocol.conn.extensions else None


def _daphne(send: Any) -> Any:
    """The protocol of a plain Daphne socket without TLS."""
    if not isinstance(send, partial) or not send.args or type(send.args[0]).__module__ != "daphne.ws_protocol":
        return None
    protocol = send.args[0]
    plain = type(protocol.transport).__module__ == "twisted.internet.tcp" and protocol._perMessageCompress is None  # noqa: SLF001
    known = isinstance(protocol.last_ping, float) and callable(protocol.dataReceived)
    return protocol if plain and known and not protocol.transport.TLS else None


@cache
def _uvicorn_frames(_protocol: type) -> bool:
    """Whether the library behind uvicorn frames a text as we do."""
    from websockets.frames import Frame, Opcode  # noqa: PLC0415  only under uvicorn

    return _say("uvicorn", alike=all(Frame(Opcode.TEXT, probe).serialize(mask=False) == text_frame(probe) for probe in _PROBES))


@cache
def _daphne_frames(protocol: type) -> bool:
    """Whether Autobahn frames a text as we do: a server protocol without a line writes into a list."""
    one: Any = protocol()
    written: list[bytes] = []
    one.sendData = lambda data, *_rest: written.append(data)
    one.state, one.websocket_version, one.applyMask, one.logFrames = one.STATE_OPEN, 13, False, False
    one.factory = SimpleNamespace(isServer=True)
    one.maskServerFrames = False
    one.trafficStats = SimpleNamespace(outgoingWebSocketFrames=0)
    for probe in _PROBES:
        one.sendFrame(opcode=1, payload=probe)
    return _say("daphne", alike=b"".join(written) == b"".join(map(text_frame, _PROBES)))


@cache
def _say(server: str, *, alike: bool) -> bool:
    _log.info("push: %s frames on %s", "prepared" if alike else "official", server)
    return alike


@cache
def _say_official(kind: str) -> None:
    _log.warning("push: official sends only (%s)", kind)
