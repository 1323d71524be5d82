"""A media server's operator at work: he taps feeds and puts what he likes into feeds of his own making (Janus VideoRoom API).

Every packet of a tapped feed comes here by UDP, and goes into one of his lines, now or later. RTP headers are renumbered so
that a receiver takes what comes for one stream that goes on; what is inside he can neither read nor make.

Spec: Janus VideoRoom plugin documentation, "Remote publishers".
"""

import json
import secrets
import socket
import struct
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from protocol import base64url
from provider.mdd.room_key import room_admin_key
from tests.browser.janus_recording import JanusOperator
from tests.scenes import Scene

STREAMS = [
    {"type": "audio", "mindex": 0, "mid": "0", "codec": "opus", "description": "mic"},
    {"type": "video", "mindex": 1, "mid": "1", "codec": "vp8", "description": "camera"},
]
MIC_SSRC, CAMERA_SSRC = 1000, 1010  # Janus' own, for streams 0 and 1 of a remote publisher; a camera's layers follow
STEP = {MIC_SSRC: 960, CAMERA_SSRC: 9000}  # of the clock, from what was there before to what follows


def stream_of(packet: bytes) -> int:
    """The SSRC of the whole stream that a packet belongs to, whichever layer it is of."""
    ssrc: int = struct.unpack_from("!I", packet, 8)[0]
    return ssrc - ssrc % 10


@dataclass
class Line:
    """A feed of his own making."""

    feed: str
    port: int
    rtcp_port: int
    last: dict[int, tuple[int, int]] = field(default_factory=dict)
    shift: dict[int, tuple[int, int]] = field(default_factory=dict)

    def splice(self) -> None:
        """What comes next is something else: it follows on what was there."""
        self.shift.clear()

    def renumber(self, packet: bytes) -> bytes:
        sequence, timestamp, _ssrc = struct.unpack_from("!HII", packet, 2)
        stream = stream_of(packet)
        if stream not in self.shift:
            before = self.last.get(stream, (sequence - 1, timestamp - STEP[stream]))
            self.shift[stream] = (before[0] + 1 - sequence, before[1] + STEP[stream] - timestamp)
        shift = self.shift[stream]
        told = ((sequence + shift[0]) % 2**16, (timestamp + shift[1]) % 2**32)
        self.last[stream] = told
        return packet[:2] + struct.pack("!HII", *told, stream) + packet[12:]


class Switchboard(JanusOperator):
    """Taps by name; `connect` says where each of them goes from now on."""

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene.stack)
        with scene.stack.connect("provider") as database:
            row = database.execute(
                "SELECT mdd_room, p.secret FROM provider_part p JOIN provider_room r ON r.id = p.room_id WHERE handle = %s",
                (scene.handle,),
            ).fetchone()
        assert row is not None
        self._room = {"room": row[0], "secret": row[1]}
        self._lines: dict[str, Line] = {}
        self._routes: dict[str, Line | None] = {}
        self._kept: dict[str, list[tuple[float, bytes]]] = {}
        self._sockets: list[socket.socket] = []
        self._out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._over = threading.Event()
        threading.Thread(target=self._stay, daemon=True).start()

    def close(self) -> None:
        self._over.set()
        for line in self._lines.values():
            self.ask_room(request="remove_remote_publisher", id=line.feed, **self._room)
        for tap in self._sockets:
            tap.close()
        self._out.close()

    def make_line(self, name: str) -> Line:
        """A feed that every page of the room is told of."""
        feed = base64url.encode(secrets.token_bytes(16))
        made = self._answer(request="add_remote_publisher", id=feed, streams=STREAMS, **self._room)
        line = self._lines[name] = Line(feed, made["port"], made["rtcp_port"])
        return line

    def tap(self, name: str, feed: str, line: Line) -> None:
        """Have a feed's packets sent here; what ``line`` asks of its sender (key frames) goes to that feed's."""
        tap = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        tap.bind(("127.0.0.1", 0))
        self._sockets.append(tap)
        self._routes[name], self._kept[name] = None, []
        threading.Thread(target=self._carry, args=(name, tap), daemon=True).start()
        where = {"host": "127.0.0.1", "port": tap.getsockname()[1], "rtcp_port": line.rtcp_port}
        key = room_admin_key(self._secret)
        self.ask_room(request="publish_remotely", publisher_id=feed, remote_id=name, admin_key=key, **where, **self._room)

    def connect(self, **routes: Line | None) -> None:
        """Where the taps' packets go from now on; None: nowhere."""
        for name, line in routes.items():
            if line is not None:
                line.splice()
            self._routes[name] = line

    def play_again(self, name: str, line: Line, *, seconds: float) -> None:
        """Play what came by a tap in its last ``seconds`` once more, as fast as it came."""
        kept = [each for each in self._kept[name] if each[0] > time.monotonic() - seconds]
        line.splice()
        begun, first = time.monotonic(), kept[0][0]
        for at, packet in kept:
            time.sleep(max(0.0, begun + at - first - time.monotonic()))
            self._out.sendto(line.renumber(packet), ("127.0.0.1", line.port))

    def _stay(self) -> None:
        """Janus ends a session that says nothing for a minute."""
        while not self._over.wait(20):
            self._socket.send(json.dumps({"janus": "keepalive", "transaction": "stay", "apisecret": self._secret, **self._ids}))

    def _carry(self, name: str, tap: socket.socket) -> None:
        with suppress(OSError):  # until it is closed
            while packet := tap.recv(2048):
                if stream_of(packet) not in STEP:  # a screen
                    continue
                self._kept[name].append((time.monotonic(), packet))
                line = self._routes[name]
                if line is not None:
                    self._out.sendto(line.renumber(packet), ("127.0.0.1", line.port))

    def _answer(self, **body: Any) -> dict[str, Any]:
        answer: dict[str, Any] = self._ask(janus="message", body=body)["plugindata"]["data"]
        assert "error" not in answer, answer
        return answer
