"""What comes on a socket is weighed when it comes, before anybody has time for it."""

import asyncio
from functools import partial
from typing import Any

import pytest
from daphne.ws_protocol import WebSocketProtocol

from protocol.words import SOCKET_MESSAGE_LIMIT_BYTES
from provider.errors import ProviderError
from provider.signalling.rate_limit import BURST
from provider.signalling.way_in import MOST_WAITING_BYTES, watch_way_in

LARGE = 250_000


class Transport:
    def __init__(self) -> None:
        self.said: list[str] = []

    def pauseProducing(self) -> None:  # noqa: N802  Twisted's name
        self.said.append("stop")


@pytest.fixture
def protocol() -> Any:
    """Daphne's own protocol, without a line."""
    made: Any = WebSocketProtocol()
    made.application_queue, made.transport, made.muted, made.client_addr = asyncio.Queue(), Transport(), False, None
    return made


@pytest.fixture
def cuts(protocol: Any) -> list[str]:
    async def reply(_protocol: Any, _message: dict[str, Any]) -> None: ...

    found: list[str] = []

    def cut(error: ProviderError) -> None:
        found.append(error.code)

    assert watch_way_in(partial(reply, protocol), cut) is not None
    return found


def say(protocol: Any, count: int, size: int) -> None:
    for _ in range(count):
        protocol.onMessage(b"x" * size, is_binary=False)


def test_more_messages_than_anybody_says_end_the_socket_unheard(protocol: Any, cuts: list[str]) -> None:
    say(protocol, BURST, 10)
    assert (cuts, protocol.transport.said) == ([], [])
    say(protocol, 1000, 10)
    assert (cuts, protocol.transport.said) == (["too_many"], ["stop"])
    assert BURST <= protocol.application_queue.qsize() <= BURST + 1  # a tenth of a second may have passed


def test_more_bytes_than_are_heard_end_the_socket(protocol: Any, cuts: list[str]) -> None:
    say(protocol, 40, LARGE)
    assert (cuts, protocol.transport.said) == (["too_many"], ["stop"])
    assert protocol.application_queue.qsize() == MOST_WAITING_BYTES // LARGE


def test_as_many_bytes_that_are_heard_do_not(protocol: Any, cuts: list[str]) -> None:
    for _ in range(40):
        say(protocol, 1, LARGE)
        protocol.application_queue.get_nowait()
    assert (cuts, protocol.transport.said) == ([], [])


def test_one_message_over_its_limit_ends_the_socket(protocol: Any, cuts: list[str]) -> None:
    say(protocol, 1, SOCKET_MESSAGE_LIMIT_BYTES)
    assert cuts == []
    say(protocol, 2, SOCKET_MESSAGE_LIMIT_BYTES + 1)
    assert (cuts, protocol.transport.said) == (["too_large"], ["stop"])
    assert protocol.application_queue.qsize() == 1


def test_a_server_that_stops_by_itself_is_left_alone() -> None:
    async def send(_message: dict[str, Any]) -> None: ...

    assert watch_way_in(send, lambda _error: None) is None
