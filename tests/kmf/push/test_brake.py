"""Who says more than is heard is not read: the queue before the application has an end."""

import asyncio
from functools import partial
from typing import Any

import pytest
from daphne.ws_protocol import WebSocketProtocol

from kmf.push.brake import MOST_WAITING_BYTES, Brake, brake_for

pytestmark = pytest.mark.requirement("KMF-PUSH-3")


class Transport:
    def __init__(self) -> None:
        self.said: list[str] = []

    def pauseProducing(self) -> None:  # noqa: N802  Twisted's name
        self.said.append("stop")

    def resumeProducing(self) -> None:  # noqa: N802  Twisted's name
        self.said.append("on")


@pytest.fixture
def protocol() -> Any:
    """Daphne's own protocol, without a line."""
    made: Any = WebSocketProtocol()
    made.application_queue, made.transport, made.muted, made.client_addr = asyncio.Queue(), Transport(), False, None
    return made


def braked(protocol: Any) -> Brake:
    async def reply(_protocol: Any, _message: dict[str, Any]) -> None: ...

    found = brake_for(partial(reply, protocol))
    assert found is not None
    return found


def hear_all(protocol: Any, brake: Brake) -> int:
    count = 0
    while not protocol.application_queue.empty():
        protocol.application_queue.get_nowait()
        brake.heard()
        count += 1
    return count


def test_reading_stops_while_too_much_waits_and_goes_on_when_all_was_heard(protocol: Any):
    brake = braked(protocol)
    for _ in range(40):
        protocol.onMessage(b"x" * 100_000, is_binary=False)
        if protocol.transport.said:
            break
    assert protocol.transport.said == ["stop"]
    assert protocol.application_queue.qsize() == MOST_WAITING_BYTES // 100_000 + 1
    protocol.application_queue.get_nowait()
    brake.heard()
    assert protocol.transport.said == ["stop"]
    assert hear_all(protocol, brake) == MOST_WAITING_BYTES // 100_000
    assert protocol.transport.said == ["stop", "on"]
    protocol.onMessage(b"x" * MOST_WAITING_BYTES, is_binary=True)
    assert protocol.transport.said == ["stop", "on"]


def test_what_is_heard_in_time_stops_nothing_however_much_it_is(protocol: Any):
    brake = braked(protocol)
    for _ in range(100):
        protocol.onMessage(b"x" * 100_000, is_binary=False)
        assert hear_all(protocol, brake) == 1
    assert protocol.transport.said == []


def test_a_server_that_stops_by_itself_needs_no_brake():
    async def send(_message: dict[str, Any]) -> None: ...

    assert brake_for(send) is None
