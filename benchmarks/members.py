"""Lean endpoints over real sockets: many in one process, steered over a pipe (``benchmarks.thousand_endpoints``).

Every member's epoch and roster number are checked; wraps and signatures are opened by the first of each process only, since
the clients share the machine with what is measured.
"""

import asyncio
import json
import re
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from typing import Any

import uvloop
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from protocol import base64url
from roster.signing import statement
from roster.signing.statement import verify
from tests.simulators.minted import KeyAsker

_EPOCH = re.compile(rb'"epoch":(\d+)')
_NUMBER = re.compile(rb'"number":(\d+)')
_BODY = re.compile(rb'"body":"([A-Za-z0-9_-]{120})')
HEARTBEAT_S = 5.0
PROOF_AGE = timedelta(seconds=20)


@dataclass
class Site:
    """Where the KMF answers, and the conference."""

    origin: str
    port: int
    conference: str
    roster_key: bytes = b""


@dataclass
class Held:
    """What a member holds, and when it came (monotonic seconds)."""

    epoch: int = 0
    number: int = 0
    epoch_at: float = 0.0
    number_at: float = 0.0
    welcomed_at: float = 0.0
    bytes_heard: int = 0
    closed: int | None = None


@dataclass
class Member:
    """One endpoint."""

    site: Site
    asker: KeyAsker
    checks: bool = False
    held: Held = field(default_factory=Held)
    welcomed: asyncio.Event = field(default_factory=asyncio.Event)

    def prepare(self) -> None:
        """The bytes of the key request, made before the clock starts."""
        self.prepared_at = datetime.now(UTC)
        self.request = self.asker.raw_request()

    def hello(self) -> str:
        """The first message, with a proof of this moment: the key request before it may have taken long."""
        return json.dumps(self.asker.hello())

    async def join(self, http: "Keeper") -> None:
        """Key request, socket, hello, welcome."""
        head = ""
        while not head:
            if datetime.now(UTC) - self.prepared_at > PROOF_AGE:  # a slow machine: the proof would be too old
                self.prepare()
            try:
                head = await http.ask(self.request)
            except Busy:  # as an endpoint does: come again after ``Retry-After``
                http.reader = None
                await asyncio.sleep(2)
                self.prepare()
        if self.checks:
            self.opener = self.asker.opener(re.split("encryption-key: ", head, flags=re.IGNORECASE)[-1].split("\r\n")[0])
        loop = asyncio.get_running_loop()
        _, self.line = await loop.create_connection(lambda: Line(self), "127.0.0.1", self.site.port)
        await asyncio.wait_for(self.welcomed.wait(), 60)

    def say(self, text: str) -> None:
        """One text frame, masked with zeros."""
        self.line.say(text)

    def heard(self, payload: bytes, now: float) -> None:
        """Put down what a server message brings."""
        kind = payload[9:13]
        held = self.held
        held.bytes_heard += len(payload)
        if kind == b"reke":
            held.epoch = int(_EPOCH.search(payload)[1])  # type: ignore[index]
            held.epoch_at = now
            self._check_key(payload, ())
            self.say(f'{{"type":"installed","epoch":{held.epoch}}}')
        elif kind == b"rost":
            held.number = _number(payload)
            held.number_at = now
            if self.checks:
                key = Ed25519PublicKey.from_public_bytes(self.site.roster_key)
                verify(json.loads(payload)["delta"], label=statement.ROSTER, key=key)
        elif kind == b"welc":
            message = json.loads(payload) if self.checks else {}
            held.epoch = int(_EPOCH.search(payload, payload.rindex(b'"key":{'))[1])  # type: ignore[index]
            held.number = _number(payload[payload.index(b'"roster":') :])
            held.welcomed_at = now
            if self.checks:
                verify(message["roster"], label=statement.ROSTER, key=Ed25519PublicKey.from_public_bytes(self.site.roster_key))
                self._check_key(payload, ("key",))
            self.welcomed.set()
        elif kind in (b"revo", b"deni"):
            held.closed = 1

    def _check_key(self, payload: bytes, path: tuple[str, ...]) -> None:
        if self.checks:
            message = json.loads(payload)
            for name in path:
                message = message[name]
            self.opener.open(base64url.decode(message["key"]), key_id=message["key_id"], spi=message["spi"])


def _number(payload: bytes) -> int:
    """Roster number of a signed statement, from the first bytes of its body."""
    start = _BODY.search(payload)
    found = _NUMBER.search(base64url.decode(start[1].decode())) if start else None
    if found is None:
        raise ValueError("no number in a statement")
    return int(found[1])


class Line(asyncio.Protocol):
    """The client's half of a WebSocket, RFC 6455, as little of it as the KMF uses."""

    def __init__(self, member: Member) -> None:
        self.member, self.buffer, self.open = member, bytearray(), False

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        site = self.member.site
        host = site.origin.split("//")[1]
        transport.write(
            f"GET /conferences/{site.conference}/events HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Origin: {site.origin}\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        if self.open or self._opened():
            self._frames(time.monotonic())

    def _opened(self) -> bool:
        """Whether the handshake is through; then comes the hello."""
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0:
            return False
        if not self.buffer.startswith(b"HTTP/1.1 101"):
            raise ConnectionError(bytes(self.buffer[:80]))
        del self.buffer[: end + 4]
        self.open = True
        self.say(self.member.hello())
        return True

    def _frames(self, now: float) -> None:
        buffer = self.buffer
        while len(buffer) >= 2:
            size, start = buffer[1], 2
            if size == 126:
                size, start = int.from_bytes(buffer[2:4], "big"), 4
            elif size == 127:
                size, start = int.from_bytes(buffer[2:10], "big"), 10
            if len(buffer) < start + size:
                return
            kind, payload = buffer[0] & 15, bytes(buffer[start : start + size])
            del buffer[: start + size]
            if kind == 1:
                self.member.heard(payload, now)
            elif kind == 9:
                self.transport.write(bytes([0x8A, 0x80 | len(payload)]) + bytes(4) + payload)
            elif kind == 8:
                self.member.held.closed = int.from_bytes(payload[:2], "big")

    def connection_lost(self, _error: Exception | None) -> None:
        self.member.held.closed = self.member.held.closed or 1006

    def say(self, text: str) -> None:
        payload = text.encode()
        head = bytes([0x81, 0x80 | len(payload)]) if len(payload) < 126 else b"\x81\xfe" + len(payload).to_bytes(2, "big")
        self.transport.write(head + bytes(4) + payload)


class Busy(ConnectionError):
    """503: the server asks to come again."""


class Keeper:
    """One keep-alive HTTP connection, opened again when the server has closed it."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.reader: asyncio.StreamReader | None = None

    async def ask(self, request: bytes) -> str:
        """The answer's head; the key request's answer has no body."""
        if self.reader is None or self.reader.at_eof():
            self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
        self.writer.write(request)
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode()
        if head.startswith("HTTP/1.1 503"):
            raise Busy
        if not head.startswith("HTTP/1.1 200"):
            raise ConnectionError(head)
        return head


class Crew:
    """The members of one process, and the commands that the benchmark gives them."""

    def __init__(self, site: Site, endpoints: list[dict[str, str]]) -> None:
        self.members = [
            Member(site, KeyAsker(site.origin, site.conference, one), checks=number == 0) for number, one in enumerate(endpoints)
        ]
        for member in self.members:
            member.prepare()
        self.port = site.port

    async def join(self, connections: int) -> dict[str, Any]:
        """Everybody joins, over so many connections at once."""
        begun = time.monotonic()
        waiting = list(reversed(self.members))
        self._beats = asyncio.create_task(self._beat())

        async def work() -> None:
            keeper = Keeper(self.port)
            while waiting:
                await waiting.pop().join(keeper)

        await asyncio.gather(*(work() for _ in range(min(connections, len(waiting)))))
        return {"begun": begun, "ended": time.monotonic()}

    async def _beat(self) -> None:
        while True:
            pause = HEARTBEAT_S / max(1, len(self.members))
            for member in list(self.members):
                if member.held.closed is None and member.welcomed.is_set():
                    member.say(f'{{"type":"heartbeat","number":{member.held.number}}}')
                await asyncio.sleep(pause)

    async def leave(self, _argument: object) -> float:
        """The last member says goodbye; when."""
        member = self.members.pop()
        member.say('{"type":"leaving"}')
        return time.monotonic()

    async def held(self, _argument: object) -> list[tuple[float, ...]]:
        """What everybody holds."""
        return [
            (h.epoch, h.number, h.epoch_at, h.number_at, h.bytes_heard, h.closed or 0) for h in (m.held for m in self.members)
        ]


def run(pipe: Connection, site: Site, endpoints: list[dict[str, str]]) -> None:
    """A client process: commands in, answers out, until ``None`` comes."""
    uvloop.run(_serve(pipe, Crew(site, endpoints)))


async def _serve(pipe: Connection, crew: Crew) -> None:
    pipe.send("prepared")
    loop = asyncio.get_running_loop()
    while (command := await loop.run_in_executor(None, pipe.recv)) is not None:
        pipe.send(await getattr(crew, command[0])(command[1]))
