"""Loopback ports: those that are promised must be free, the others are looked for."""

import socket
from collections.abc import Collection
from dataclasses import dataclass

SAME_PORT = "CONCLAVE_PORT and CONCLAVE_PROVIDER_PORT name the same port"


class PortTaken(RuntimeError):
    """A promised port is in use. The message says which variable moves it."""


@dataclass(frozen=True)
class DerivedPorts:
    """Ports that an instance finds for itself: each is another one, and none is promised."""

    valkey: int
    turn: int
    janus: tuple[int, ...]


def derived_ports(port: int, provider_port: int, *, mdds: int) -> DerivedPorts:
    """Ports of an instance beside the two promised ones; the usual ones where they are free.

    Args:
        port: the trusted sites' port.
        provider_port: the provider's.
        mdds: how many media servers.

    Raises:
        PortTaken: the two are the same.

    """
    if port == provider_port:
        raise PortTaken(SAME_PORT)
    preferred = [port + 79, provider_port + 78, *(provider_port + 88 + index for index in range(mdds))]
    valkey, turn, *janus = distinct_ports(preferred, without={port, provider_port})
    return DerivedPorts(valkey, turn, tuple(janus))


def check_free(port: int, variable: str) -> None:
    """Check that ``127.0.0.1:port`` can be bound.

    Raises:
        PortTaken: another program listens there.

    """
    if not is_free(port):
        message = f"port {port} is taken by another program; set {variable} to another one"
        raise PortTaken(message)


def is_free(port: int) -> bool:
    """Whether ``127.0.0.1:port`` can be bound for TCP."""
    return _binds(port, socket.SOCK_STREAM)


def free_port(preferred: int) -> int:
    """``preferred`` where TCP and UDP are free on it, else any free port."""
    if 0 < preferred < 65536 and _binds(preferred, socket.SOCK_STREAM) and _binds(preferred, socket.SOCK_DGRAM):  # noqa: PLR2004
        return preferred
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def distinct_ports(preferred: list[int], *, without: Collection[int] = ()) -> tuple[int, ...]:
    """As `free_port` for each of ``preferred``, no port twice and none of ``without``."""
    found: list[int] = []
    for port in preferred:
        while (free := free_port(port)) in found or free in without:
            port = 0  # noqa: PLW2901  any other one
        found.append(free)
    return tuple(found)


def media_ranges(provider_port: int) -> tuple[tuple[int, int], tuple[int, int]]:
    """UDP port ranges of the MDD and of the relay; instances on other ports get other ranges as a rule.

    Both programs take any free port of their range, so an overlap does no harm. All lie below Linux' ephemeral ports.
    """
    first = 20000 + (provider_port // 10 % 30) * 400
    return (first, first + 199), (first + 200, first + 399)


def _binds(port: int, kind: socket.SocketKind) -> bool:
    with socket.socket(socket.AF_INET, kind) as probe:
        if kind == socket.SOCK_STREAM:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
