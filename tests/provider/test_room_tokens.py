"""What opens a room at the MDD besides its API secret: the PIN and a token for each endpoint, gone when he leaves."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from channels.db import database_sync_to_async
from django.conf import settings
from django.test import Client

from provider.errors import MDDRefused
from provider.mdd.janus_session import JanusSession
from provider.models import Part, Seat
from tests.provider.endpoint import Endpoint, enter
from tests.provider.kmf_stand_in import KMF, identifier

pytestmark = pytest.mark.django_db(transaction=True)
NO_PIN = 429  # of the required members
UNAUTHORIZED = 433
NO_SUCH_ROOM = 426
SECRET_CHARACTERS = 43  # 32 random bytes
OFFER = (
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n"
    "c=IN IP4 0.0.0.0\r\na=sendonly\r\na=mid:0\r\na=rtcp-mux\r\na=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuv\r\n"
    f"a=fingerprint:sha-256 {':'.join(['AB'] * 32)}\r\na=setup:actpass\r\na=rtpmap:111 opus/48000/2\r\n"
)


@pytest.fixture
async def intruder(janus: str) -> AsyncIterator[JanusSession]:
    """Somebody who reached the API and knows its secret, which nobody but the provider does."""
    secret = settings.PROVIDER_JANUS_SECRET_FILE.read_text().strip()
    session = await JanusSession.open(url=janus, api_secret=secret)
    yield session
    await session.close()


async def rows(kmf: KMF) -> tuple[Part, list[str]]:
    room = await database_sync_to_async(Part.objects.get)(room__handle=kmf.handle)
    tokens = await database_sync_to_async(lambda: list(Seat.objects.order_by("id").values_list("mdd_token", flat=True)))()
    return room, tokens


async def try_join(session: JanusSession, room: Part, **more: str) -> int:
    """Error number of the MDD, 0 for none."""
    body = {"request": "join", "ptype": "publisher", "room": room.mdd_room, "id": identifier()}
    try:
        await session.request(await session.attach(), body | more)
    except MDDRefused as refused:
        return refused.number
    return 0


async def leave(endpoint: Endpoint) -> None:
    await endpoint.say({"type": "bye"})
    assert await endpoint.closed() == ([], 1000)


async def test_a_room_opens_by_pin_and_token_and_not_by_one_of_them(
    http: Client, kmf: KMF, janus: str, intruder: JanusSession
) -> None:
    endpoint, _feed = await enter(http, kmf)
    room, tokens = await rows(kmf)
    assert {len(text) for text in (room.mdd_room, room.secret, room.pin, *tokens)} == {SECRET_CHARACTERS}
    assert await try_join(intruder, room, pin=room.pin) != 0
    assert await try_join(intruder, room, pin=room.pin, token=identifier()) == UNAUTHORIZED
    assert await try_join(intruder, room, token=tokens[0]) == NO_PIN
    assert await try_join(intruder, room, pin=room.pin, token=tokens[0]) == 0
    await leave(endpoint)


async def test_a_leavers_token_is_taken_away(http: Client, kmf: KMF, janus: str, intruder: JanusSession) -> None:
    stays, _feed = await enter(http, kmf)
    leaver, _feed = await enter(http, kmf, sub=identifier())
    room, tokens = await rows(kmf)
    assert len(set(tokens)) == 2
    assert await try_join(intruder, room, pin=room.pin, token=tokens[1]) == 0
    await leave(leaver)
    assert await try_join(intruder, room, pin=room.pin, token=tokens[1]) == UNAUTHORIZED
    assert await try_join(intruder, room, pin=room.pin, token=tokens[0]) == 0
    await leave(stays)


async def test_an_evicted_endpoints_token_is_taken_away(http: Client, kmf: KMF, janus: str, intruder: JanusSession) -> None:
    stays, _feed = await enter(http, kmf)
    out = identifier()
    evicted, _feed = await enter(http, kmf, sub=out)
    room, tokens = await rows(kmf)
    body, headers = kmf.order({"order": "evict", "handle": kmf.handle, "pseudonym": out})
    post: Any = database_sync_to_async(http.post)
    assert (await post("/orders", body, "application/json", headers=headers)).status_code == 204
    assert await evicted.closed() == (["evicted"], 4403)
    assert await try_join(intruder, room, pin=room.pin, token=tokens[1]) == UNAUTHORIZED
    assert await try_join(intruder, room, pin=room.pin, token=tokens[0]) == 0
    await leave(stays)


async def test_the_last_one_takes_the_room_away(http: Client, kmf: KMF, janus: str, intruder: JanusSession) -> None:
    endpoint, _feed = await enter(http, kmf)
    room, tokens = await rows(kmf)
    await leave(endpoint)
    assert await try_join(intruder, room, pin=room.pin, token=tokens[0]) == NO_SUCH_ROOM


async def test_media_that_is_not_announced_as_encrypted_is_refused(
    http: Client, kmf: KMF, janus: str, intruder: JanusSession
) -> None:
    endpoint, _feed = await enter(http, kmf)
    room, tokens = await rows(kmf)
    body = {"request": "join", "ptype": "publisher", "room": room.mdd_room, "id": identifier(), "pin": room.pin}
    handle = await intruder.attach()
    await intruder.request(handle, body | {"token": tokens[0]})
    message = {"janus": "message", "handle_id": handle, "body": {"request": "publish"}}
    answer = await intruder._ask(message | {"jsep": {"type": "offer", "sdp": OFFER, "trickle": False}})
    assert "end-to-end encrypted" in answer["plugindata"]["data"]["error"]
    assert "jsep" not in answer
    await leave(endpoint)
