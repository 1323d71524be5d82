"""The signalling socket against a real Janus; media itself is in tests/browser/test_call.py."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest
from channels.db import database_sync_to_async
from django.test import Client

from provider.models import Seat
from tests.provider.endpoint import Endpoint, enter, seats, ticket
from tests.provider.kmf_stand_in import KMF, identifier

pytestmark = pytest.mark.django_db(transaction=True)
OFFER = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"


async def test_a_ticket_opens_one_socket(http: Client, kmf: KMF, janus: str) -> None:
    given = await ticket(http, kmf)
    first, second = Endpoint(kmf.handle), Endpoint(kmf.handle)
    for endpoint in (first, second):
        await endpoint.open()
        await endpoint.say({"type": "hello", "ticket": given})
    assert (await first.hear())["type"] == "welcome"
    assert await second.closed() == (["invalid_token"], 4401)
    assert [row[1] for row in await seats()] == [True]
    await first.say({"type": "bye"})
    assert await first.closed() == ([], 1000)
    assert await seats() == [(kmf.pseudonym, False, "left")]


async def test_a_ticket_of_another_conference_opens_nothing(http: Client, kmf: KMF, janus: str) -> None:
    given = await ticket(http, kmf)
    endpoint = Endpoint(identifier())
    await endpoint.open()
    await endpoint.say({"type": "hello", "ticket": given})
    assert await endpoint.closed() == (["invalid_token"], 4401)
    assert await seats() == [(kmf.pseudonym, False, "")]


async def test_an_expired_ticket_opens_nothing(http: Client, kmf: KMF, janus: str) -> None:
    given = await ticket(http, kmf)
    await database_sync_to_async(Seat.objects.update)(ticket_expires_at=datetime.now(UTC))
    endpoint = Endpoint(kmf.handle)
    await endpoint.open()
    await endpoint.say({"type": "hello", "ticket": given})
    assert await endpoint.closed() == (["invalid_token"], 4401)
    assert await seats() == [(kmf.pseudonym, False, "")]


async def test_silence_is_closed_after_five_seconds(janus: str) -> None:
    endpoint = Endpoint(identifier())
    await endpoint.open()
    assert await endpoint.closed() == (["invalid_token"], 4401)


FEED = "A" * 22
MALFORMED = {
    "no JSON": "hello",
    "no object": "[]",
    "no type": {},
    "unknown type": {"type": "kick", "feed": FEED},
    "member twice": '{"type":"bye","type":"bye"}',
    "further member": {"type": "bye", "secret": "x"},
    "offer that is no SDP": {"type": "publish", "sdp": "hello", "tracks": []},
    "SDP that is no text": {"type": "publish", "sdp": 1, "tracks": []},
    "unknown track": {"type": "publish", "sdp": OFFER, "tracks": [{"mid": "0", "track": "data"}]},
    "mid with a line end": {"type": "publish", "sdp": OFFER, "tracks": [{"mid": "0\r\n", "track": "mic"}]},
    "feed that is no identifier": {"type": "subscribe", "streams": [{"feed": "x", "mid": "0"}]},
    "streams that are no list": {"type": "subscribe", "streams": {}},
    "layer that is not there": {"type": "layout", "streams": [{"mid": "0", "layer": 3}]},
    "layer that is no number": {"type": "layout", "streams": [{"mid": "0", "layer": True}]},
    "layers that are no list": {"type": "layout", "streams": {"mid": "0", "layer": 1}},
    "restart with more": {"type": "restart", "feed": FEED},
    "answer without an offer": {"type": "answer", "sdp": OFFER},
    "hello again": {"type": "hello", "ticket": "A" * 43},
    "Janus' own words": {"janus": "message", "body": {"request": "destroy"}},
}


@pytest.mark.parametrize("message", MALFORMED.values(), ids=MALFORMED.keys())
async def test_malformed_ends_the_socket_and_the_seat(http: Client, kmf: KMF, janus: str, message: Any) -> None:
    endpoint, _ = await enter(http, kmf)
    await endpoint.say(message)
    assert await endpoint.closed() == (["malformed"], 4400)
    assert await seats() == [(kmf.pseudonym, False, "malformed")]


async def test_bytes_are_malformed(http: Client, kmf: KMF, janus: str) -> None:
    endpoint, _ = await enter(http, kmf)
    await endpoint.socket.send_to(bytes_data=b"{}")
    assert await endpoint.closed() == (["malformed"], 4400)


async def test_a_large_message_ends_the_socket(http: Client, kmf: KMF, janus: str) -> None:
    endpoint, _ = await enter(http, kmf)
    await endpoint.say({"type": "answer", "sdp": "v=0\r\n" + "a" * 256 * 1024})
    assert await endpoint.closed() == (["too_large"], 4413)
    assert (await seats())[0][1] is False


async def test_a_flood_ends_the_socket(http: Client, kmf: KMF, janus: str) -> None:
    endpoint, _ = await enter(http, kmf)
    for _ in range(80):
        await endpoint.say({"type": "unsubscribe", "streams": []})
    assert await endpoint.closed() == (["too_many"], 4429)


async def test_a_second_join_replaces_the_first_and_others_stay(http: Client, kmf: KMF, janus: str) -> None:
    other, _ = await enter(http, kmf, sub=identifier())
    first, first_feed = await enter(http, kmf)
    second, second_feed = await enter(http, kmf)
    assert await first.closed() == (["replaced"], 4409)
    assert first_feed != second_feed
    assert [row[1:] for row in await seats()] == [(True, ""), (False, "replaced"), (True, "")]
    for endpoint in (second, other):
        await endpoint.say({"type": "bye"})
        assert await endpoint.closed() == ([], 1000)


async def test_close_reaches_sockets_at_once(http: Client, kmf: KMF, janus: str) -> None:
    endpoint, _ = await enter(http, kmf)
    body, headers = kmf.order({"order": "close", "handle": kmf.handle})
    assert (await database_sync_to_async(http.post)("/orders", body, "application/json", headers=headers)).status_code == 204
    assert await asyncio.wait_for(endpoint.closed(), 2) == (["closed"], 4410)
    assert await seats() == [(kmf.pseudonym, False, "closed")]


async def test_an_end_written_by_another_process_reaches_sockets_here(http: Client, kmf: KMF, janus: str) -> None:
    endpoint, _ = await enter(http, kmf)
    await database_sync_to_async(Seat.objects.update)(ended_at=datetime.now(UTC), end_reason="evicted")
    assert await asyncio.wait_for(endpoint.closed(), 4) == (["evicted"], 4403)


async def test_an_offer_that_janus_refuses_ends_the_socket(http: Client, kmf: KMF, janus: str) -> None:
    endpoint, _ = await enter(http, kmf)
    await endpoint.say({"type": "publish", "sdp": OFFER, "tracks": []})
    assert (await endpoint.closed())[1] == 4503
    assert (await seats())[0][1] is False


async def test_without_janus_the_seat_is_given_back(http: Client, kmf: KMF, settings: Any) -> None:
    settings.PROVIDER_JANUS_URL = "ws://127.0.0.1:1"
    given = await ticket(http, kmf)
    endpoint = Endpoint(kmf.handle)
    await endpoint.open()
    await endpoint.say({"type": "hello", "ticket": given})
    assert await endpoint.closed() == (["mdd_gone"], 4503)
    assert await seats() == [(kmf.pseudonym, False, "mdd_gone")]
