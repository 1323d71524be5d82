"""A room at two media servers: what is lost at the other one is shown again, and taken away when nobody sends it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from channels.db import database_sync_to_async
from django.test import Client
from django.utils import timezone

from provider.mdd.conference_room import ConferenceRoom, RoomAccess, feeds_in
from provider.mdd.janus_session import JanusSession
from provider.mdd.pool import find_mdd
from provider.models import Part, Room, Seat
from provider.signalling.cascade import CHECK_S, Cascade
from tests.provider.endpoint import Endpoint, enter
from tests.provider.kmf_stand_in import KMF, identifier
from tests.provider.real_janus import RealJanus
from tests.provider.test_room_tokens import OFFER

pytestmark = pytest.mark.django_db(transaction=True)
SOON_S = 10


@pytest.fixture(autouse=True)
def one_endpoint_for_each(kmf: KMF, two_janus: RealJanus, settings: Any) -> None:
    kmf.handle = identifier()
    settings.PROVIDER_MDD_ROOM_LIMIT = 1


async def publish(endpoint: Endpoint) -> None:
    await endpoint.say({"type": "publish", "sdp": OFFER, "tracks": [{"mid": "0", "track": "mic"}]})
    while (await endpoint.hear())["type"] != "published":
        pass


async def leave(*endpoints: Endpoint) -> None:
    for endpoint in endpoints:
        await endpoint.say({"type": "bye"})
        await endpoint.closed()


async def part_at(mdd: str, handle: str) -> Part:
    return await database_sync_to_async(Part.objects.get)(mdd=mdd, room__handle=handle)


@asynccontextmanager
async def line_to(mdd: str) -> AsyncIterator[tuple[JanusSession, int]]:
    """The API of an MDD, as the operator may use it."""
    session = await JanusSession.open(url=find_mdd(mdd).url, api_secret=find_mdd(mdd).api_secret())
    yield session, await session.attach()
    await session.close()


async def until(true: Callable[[], Awaitable[bool]], seconds: float = SOON_S) -> None:
    async with asyncio.timeout(seconds):
        while not await true():  # noqa: ASYNC110  another process changes it
            await asyncio.sleep(0.1)


async def shown_at(mdd: str, handle: str) -> set[str]:
    part = await part_at(mdd, handle)
    async with line_to(mdd) as (session, line):
        return await feeds_in(session, line, part.mdd_room)


async def sent_elsewhere(mdd: str, handle: str, feed: str) -> list[Any]:
    """What the feed's own MDD sends to others."""
    part = await part_at(mdd, handle)
    async with line_to(mdd) as (session, line):
        body = {"request": "listremotes", "room": part.mdd_room, "secret": part.secret, "publisher_id": feed}
        return list((await session.request(line, body)).data["list"])


async def both(http: Client, kmf: KMF) -> tuple[Endpoint, str, Endpoint]:
    """Anna at one publishes and is shown at the other, where Berta is."""
    anna, feed = await enter(http, kmf, sub=identifier())
    berta, _ = await enter(http, kmf, sub=identifier())
    await publish(anna)

    async def is_shown() -> bool:
        return feed in await shown_at("janus-2", kmf.handle)

    await until(is_shown)
    return anna, feed, berta


def bound_at(port: int) -> set[str]:
    """Local addresses of UDP sockets at ``port``."""
    rows = [line.split()[1].split(":") for line in Path("/proc/net/udp").read_text().splitlines()[1:]]
    rows += [line.split()[1].split(":") for line in Path("/proc/net/udp6").read_text().splitlines()[1:]]
    return {address for address, at in rows if int(at, 16) == port}


async def test_what_is_sent_elsewhere_is_listened_for_where_the_api_is(http: Client, kmf: KMF) -> None:
    anna, feed, berta = await both(http, kmf)
    [sent] = await sent_elsewhere("janus", kmf.handle, feed)
    assert bound_at(sent["port"]) == {"0100007F"}  # 127.0.0.1
    await leave(anna, berta)


async def test_a_feed_that_was_lost_there_is_shown_again(http: Client, kmf: KMF) -> None:
    anna, feed, berta = await both(http, kmf)
    part = await part_at("janus-2", kmf.handle)
    async with line_to("janus-2") as (session, line):
        body = {"request": "remove_remote_publisher", "room": part.mdd_room, "secret": part.secret, "id": feed}
        await session.request(line, body)  # an error, if it were not there

    async def is_back() -> bool:
        return feed in await shown_at("janus-2", kmf.handle)

    await until(is_back, CHECK_S + SOON_S)
    assert len(await sent_elsewhere("janus", kmf.handle, feed)) == 1
    heard = [await berta.hear() for _ in range(3)]
    assert [(message["type"], message["feed"]) for message in heard] == [("feed", feed), ("feed_gone", feed), ("feed", feed)]
    await leave(anna, berta)


async def test_with_the_other_part_gone_nothing_is_sent_there(http: Client, kmf: KMF) -> None:
    anna, feed, berta = await both(http, kmf)
    assert len(await sent_elsewhere("janus", kmf.handle, feed)) == 1
    await leave(berta)

    async def is_quiet() -> bool:
        return await sent_elsewhere("janus", kmf.handle, feed) == []

    await until(is_quiet)
    again, _ = await enter(http, kmf, sub=identifier())

    async def is_shown() -> bool:
        return feed in await shown_at("janus-2", kmf.handle)

    await until(is_shown)
    await leave(anna, again)


async def test_what_a_process_that_died_has_left_is_shown_anew(http: Client, kmf: KMF) -> None:
    """A feed that stands there already, under a key that nobody knows any more, is no obstacle."""
    anna, feed = await enter(http, kmf, sub=identifier())
    berta, _ = await enter(http, kmf, sub=identifier())
    part = await part_at("janus-2", kmf.handle)
    async with line_to("janus-2") as (session, line):
        await session.request(line, _remote_feed(part, feed))
    await publish(anna)

    async def is_sent() -> bool:
        return len(await sent_elsewhere("janus", kmf.handle, feed)) == 1

    await until(is_sent)
    assert feed in await shown_at("janus-2", kmf.handle)
    await leave(anna, berta)


async def test_feeds_of_nobody_are_taken_away_and_no_others(http: Client, kmf: KMF) -> None:
    anna, feed, berta = await both(http, kmf)
    part = await part_at("janus-2", kmf.handle)
    gone, nobody = identifier(), identifier()
    await database_sync_to_async(_seat_that_is_over)(kmf.handle, gone)
    async with line_to("janus-2") as (session, line):
        there = await feeds_in(session, line, part.mdd_room)
        assert feed in there
        for stray in (gone, nobody):
            await session.request(line, _remote_feed(part, stray))  # an error, if it could not be put there

        async def are_there() -> bool:
            return {gone, nobody} <= await feeds_in(session, line, part.mdd_room)

        await until(are_there)  # Janus adds them in a thread of its own
        access = RoomAccess(part.mdd_room, part.secret, part.pin, identifier(), await _feed_of_somebody(kmf.handle))
        cascade = Cascade(await ConferenceRoom.enter(session, access, api_secret=find_mdd("janus-2").api_secret()))
        cascade.tidy()
        assert cascade._tidying is not None
        await cascade._tidying  # to its end: what it must not take away would be gone by then

        async def is_tidy() -> bool:
            return not {gone, nobody} & await feeds_in(session, line, part.mdd_room)

        await until(is_tidy)  # the endpoints' own look may be at it too
        assert there <= await feeds_in(session, line, part.mdd_room)
        await cascade.close()
    await leave(anna, berta)


def _remote_feed(part: Part, feed: str) -> dict[str, Any]:
    stream = {"type": "audio", "mindex": 0, "mid": "0", "codec": "opus", "description": "mic"}
    body = {"request": "add_remote_publisher", "room": part.mdd_room, "secret": part.secret}
    return body | {"id": feed, "streams": [stream]}


def _seat_that_is_over(handle: str, feed: str) -> None:
    now = timezone.now()
    Seat.objects.create(
        room=Room.objects.get(handle=handle),
        pseudonym=identifier(),
        feed=feed,
        mdd_token=identifier(),
        ticket=identifier(),
        ticket_expires_at=now,
        joined_at=now,
        opened_at=now,
        seen_at=now,
        ended_at=now,
        end_reason="lost",
    )


async def _feed_of_somebody(handle: str) -> str:
    """A seat that waits for its socket."""
    room = await database_sync_to_async(Room.objects.get)(handle=handle)
    now = timezone.now()
    seat = await database_sync_to_async(Seat.objects.create)(
        room=room,
        pseudonym=identifier(),
        feed=identifier(),
        mdd_token=identifier(),
        ticket=identifier(),
        ticket_expires_at=now,
        joined_at=now,
    )
    return seat.feed
