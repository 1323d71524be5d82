"""Records what goes over the loopback interface from and to some ports: ``python -m tests.ignorance.capture FILE PORT…``.

Needs root. Each record is ``protocol(1) ‖ source port(2) ‖ destination port(2) ‖ sequence(4) ‖ length(4) ‖ payload``.
"""

import socket
import struct
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Self

from tests.stack import wait_for

RECORD = struct.Struct("!BHHII")
OUTGOING = 4  # linux/if_packet.h; over this interface every packet comes in as well
SO_RCVBUFFORCE = 33
BUFFER = 64 << 20
TCP, UDP = 6, 17


def main(path: str, ports: set[int]) -> None:
    receiver = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x0800))
    receiver.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, BUFFER)
    receiver.bind(("lo", 0x0800))
    with Path(path).open("ab", buffering=0) as file:
        file.write(RECORD.pack(0, 0, 0, 0, 0))
        while True:
            packet, address = receiver.recvfrom(1 << 17)
            if address[2] == OUTGOING:
                continue
            record = payload_of(packet, ports)
            if record:
                file.write(record)


def payload_of(packet: bytes, ports: set[int]) -> bytes | None:
    """The record of an IPv4 packet from or to one of ``ports``; None for others and for those without payload."""
    protocol, start = packet[9], (packet[0] & 15) * 4
    if protocol not in (TCP, UDP):
        return None
    source, destination, sequence = struct.unpack_from("!HHI", packet, start)
    if not {source, destination} & ports:
        return None
    start += (packet[start + 12] >> 4) * 4 if protocol == TCP else 8
    payload = packet[start : struct.unpack_from("!H", packet, 2)[0] or None]
    sequence = sequence if protocol == TCP else 0
    return RECORD.pack(protocol, source, destination, sequence, len(payload)) + payload if payload else None


class Capture:
    """A recording under way, in a process of its own. Use it as a context manager."""

    def __init__(self, path: Path, ports: set[int]) -> None:
        self.path = path
        self._command = [sys.executable, "-m", "tests.ignorance.capture", str(path), *map(str, sorted(ports))]

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(self._command)  # noqa: S603  our own command
        wait_for(lambda: self.path.exists() and self.path.stat().st_size > 0, "the recording to begin")
        return self

    def __exit__(self, *_error: object) -> None:
        self._process.terminate()
        self._process.wait()

    def traffic(self, ports: set[int]) -> list[bytes]:
        """What went from and to ``ports``: each TCP direction as one string, unmasked where it is a WebSocket's; UDP together."""
        streams: dict[tuple[int, int], bytearray] = defaultdict(bytearray)
        due: dict[tuple[int, int], int] = {}
        datagrams = bytearray()
        for protocol, source, destination, sequence, payload in self._records():
            if not {source, destination} & ports:
                continue
            if protocol == UDP:
                datagrams += payload
                continue
            flow = (source, destination)
            if (sequence - due.get(flow, sequence)) % 2**32 < 2**31:  # not sent before
                streams[flow] += payload
                due[flow] = (sequence + len(payload)) % 2**32
        plain = [bytes(stream) for stream in streams.values()]
        return [*plain, *(unmasked for stream in plain for unmasked in websocket_payloads(stream)), bytes(datagrams)]

    def _records(self) -> Iterator[tuple[int, int, int, int, bytes]]:
        data, at = self.path.read_bytes(), 0
        while at + RECORD.size <= len(data):
            protocol, source, destination, sequence, length = RECORD.unpack_from(data, at)
            at += RECORD.size + length
            yield protocol, source, destination, sequence, data[at - length : at]


def websocket_payloads(stream: bytes) -> Iterator[bytes]:
    """Payloads of a client's WebSocket frames, their masks taken off (RFC 6455 section 5.3)."""
    head = stream.lower().find(b"upgrade: websocket")
    at = stream.find(b"\r\n\r\n", max(head, 0)) + 4
    while head >= 0 and at + 6 <= len(stream):
        length, skip = stream[at + 1] & 127, 2
        if length >= 126:
            width = 2 if length == 126 else 8
            length, skip = int.from_bytes(stream[at + 2 : at + 2 + width], "big"), 2 + width
        if not stream[at + 1] & 128:  # a server's frame
            return
        mask = stream[at + skip : at + skip + 4]
        body = stream[at + skip + 4 : at + skip + 4 + length]
        yield bytes(byte ^ mask[index % 4] for index, byte in enumerate(body))
        at += skip + 4 + length


if __name__ == "__main__":
    main(sys.argv[1], {int(port) for port in sys.argv[2:]})
