"""Packets that one media server has and the other one does not get, though both answer and the feed is shown at both."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass
from typing import Any

import pytest

from provider.mdd.conference_room import ConferenceRoom, RoomAccess, feeds_in
from provider.mdd.forwarding import Forwarding, Target
from provider.mdd.janus_session import JanusSession
from provider.mdd.pool import MDD, find_mdd
from provider.mdd.room_key import room_admin_key
from tests.provider.kmf_stand_in import identifier
from tests.provider.real_janus import RealJanus

STREAM = {"type": "audio", "mindex": 0, "mid": "0", "codec": "opus", "description": "mic"}
SSRC = 1000  # Janus' own for stream 0 of a feed that comes by RTP


@asynccontextmanager
async def room_at(mdd: MDD) -> AsyncIterator[tuple[ConferenceRoom, RoomAccess]]:
    session = await JanusSession.open(url=mdd.url, api_secret=mdd.api_secret())
    access = RoomAccess(*(identifier() for _ in range(5)))
    yield await ConferenceRoom.enter(session, access, api_secret=mdd.api_secret()), access
    await session.close()


async def speak(*ports: int) -> None:
    """Fifty packets a second."""
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as out:
        for number in range(2**16):
            packet = struct.pack("!BBHII", 0x80, 111, number, number * 960, SSRC) + b"sealed" * 8
            for port in ports:
                out.sendto(packet, ("127.0.0.1", port))
            await asyncio.sleep(0.02)


async def show(room: ConferenceRoom, feed: str) -> int:
    """A feed whose packets come by RTP; at which port."""
    place = room.place
    body = {"request": "add_remote_publisher", "room": place.room, "secret": place.secret, "id": feed, "streams": [STREAM]}
    return int((await place.session.request(place.handle, body)).data["port"])


@dataclass
class Shown:
    """A feed of ``janus`` that is shown at ``janus-2``, too; the ports to which its packets go."""

    forwarding: Forwarding
    home: ConferenceRoom
    there: ConferenceRoom
    ports: tuple[int, int]


@asynccontextmanager
async def shown_at_both() -> AsyncIterator[Shown]:
    first, second = find_mdd("janus"), find_mdd("janus-2")
    async with room_at(first) as (room, access), room_at(second) as (there, other):
        feed = identifier()
        owner = RoomAccess(access.room, access.secret, access.pin, access.token, feed)
        home = ConferenceRoom(room.session, owner, room.publisher, admin_key=room_admin_key(first.api_secret()))
        home.published = [STREAM]
        target = Target(url=second.url, api_secret=second.api_secret(), room=other.room, secret=other.secret)
        forwarding = Forwarding(home, target, there.session)
        forwarding._handle = there.publisher
        yield Shown(forwarding, home, there, (await show(home, feed), await show(there, feed)))


@asynccontextmanager
async def speaking(*ports: int) -> AsyncIterator[None]:
    task = asyncio.create_task(speak(*ports))
    yield
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def forwarders(room: ConferenceRoom) -> list[Any]:
    place = room.place
    body = {"request": "listforwarders", "room": place.room, "secret": place.secret, "admin_key": place.admin_key}
    return list((await place.session.request(place.handle, body)).data["publishers"])


@pytest.fixture(autouse=True)
def nobody_was_heard(two_janus: RealJanus, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Forwarding, "_heard_from", set())


async def test_packets_that_do_not_come_any_more_are_missed() -> None:
    async with shown_at_both() as shown:
        async with speaking(*shown.ports):
            assert not await shown.forwarding.loses_packets()
        assert not shown.forwarding.broken
        async with speaking(shown.ports[0]):
            assert await shown.forwarding.loses_packets()
        assert shown.forwarding.broken
        assert shown.home.feed in await feeds_in(shown.there.session, shown.there.publisher, shown.there.name)
        for room in (shown.home, shown.there):
            assert [one["forwarders"] for one in await forwarders(room)] in ([], [[]])  # nobody listens for longer than it takes


async def test_who_is_silent_loses_nothing() -> None:
    async with shown_at_both() as shown:
        async with speaking(*shown.ports):
            assert not await shown.forwarding.loses_packets()
        assert not await shown.forwarding.loses_packets()
        assert not shown.forwarding.broken


async def test_the_silence_of_a_server_that_was_never_heard_means_nothing() -> None:
    async with shown_at_both() as shown, speaking(shown.ports[0]):
        assert not await shown.forwarding.loses_packets()
        assert not shown.forwarding.broken
