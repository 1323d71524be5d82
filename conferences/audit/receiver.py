"""Sending audit entries to a SIEM: RFC 5424 over UDP, TCP, TLS or a local socket, or JSON lines to a file. No database.

A receiver that reads a stream to its end and closes has taken it: that is the only acknowledgement syslog has, so each
batch is one connection, ended by us and then by the receiver. A datagram is sent and forgotten.

Spec: RFC 5424; RFC 6587, section 3.4.1 (octet counting); RFC 5425 (TLS).
"""

import os
import socket
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from conferences.errors import AuditReceiverAway

PRIORITY = 13 * 8 + 5  # facility "log audit", severity notice
TIMEOUT_S = 5.0
PORTS = {"udp": 514, "tcp": 601, "tls": 6514}
SCHEMES = ("udp", "tcp", "tls", "unix", "file")


@dataclass(frozen=True, slots=True)
class Sendable:
    """One entry as it is sent. ``line`` is its JSON line without the line end."""

    at: datetime
    event: str
    chain: str
    number: int
    leaf: int
    line: str


def send(url: str, entries: Sequence[Sendable]) -> None:
    """Send ``entries`` in order; returns when they are taken, as far as the way of sending can know.

    Raises:
        AuditReceiverAway: they were not, or not all.

    """
    parts = urlsplit(url)
    try:
        if parts.scheme == "file":
            _append(Path(parts.path), entries)
        elif parts.scheme in ("udp", "unix"):
            _datagrams(parts, [message(entry) for entry in entries])
        elif parts.scheme in ("tcp", "tls"):
            _stream(parts, [message(entry) for entry in entries])
        else:
            raise AuditReceiverAway("the receiver's URL begins with none of " + ", ".join(SCHEMES))
    except OSError as error:
        raise AuditReceiverAway(type(error).__name__) from None


def message(entry: Sendable) -> bytes:
    """The entry as one RFC 5424 message: chain, number and leaf as structured data, the JSON line as text."""
    at = entry.at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    host = socket.gethostname()[:255] or "-"
    chain = entry.chain.replace("\\", "\\\\").replace('"', '\\"').replace("]", "\\]")
    place = f'[conclave@32473 chain="{chain}" number="{entry.number}" leaf="{entry.leaf}"]'
    head = f"<{PRIORITY}>1 {at} {host} conclave {os.getpid()} {entry.event[:32]} {place} "
    return head.encode() + b"\xef\xbb\xbf" + entry.line.encode()


def _append(path: Path, entries: Sequence[Sendable]) -> None:
    with path.open("ab") as file:
        file.write("".join(entry.line + "\n" for entry in entries).encode())
        file.flush()
        os.fsync(file.fileno())


def _datagrams(parts: SplitResult, messages: list[bytes]) -> None:
    local = parts.scheme == "unix"
    with socket.socket(socket.AF_UNIX if local else _family(parts), socket.SOCK_DGRAM) as line:
        line.settimeout(TIMEOUT_S)
        line.connect(parts.path if local else _address(parts))
        for one in messages:
            line.send(one)


def _stream(parts: SplitResult, messages: list[bytes]) -> None:
    with socket.create_connection(_address(parts), TIMEOUT_S) as plain:
        if parts.scheme == "tcp":
            plain.sendall(_counted(messages))
            plain.shutdown(socket.SHUT_WR)
            _await_end(plain)
            return
        context = ssl.create_default_context()
        with context.wrap_socket(plain, server_hostname=parts.hostname) as line:
            line.sendall(_counted(messages))
            line.unwrap()  # the receiver's close_notify answers ours: it has read everything


def _counted(messages: list[bytes]) -> bytes:
    return b"".join(b"%d %s" % (len(one), one) for one in messages)


def _await_end(line: socket.socket) -> None:
    while line.recv(4096):
        pass


def _address(parts: SplitResult) -> tuple[str, int]:
    return parts.hostname or "localhost", parts.port or PORTS[parts.scheme]


def _family(parts: SplitResult) -> socket.AddressFamily:
    return socket.getaddrinfo(*_address(parts), type=socket.SOCK_DGRAM)[0][0]
