"""However a seat ends, nothing of it stays at the MDD."""

import asyncio
import json
from typing import Any

import pytest
from channels.db import database_sync_to_async
from django.test import Client

from provider.consumers import CLOSE_CODES
from provider.signalling.waiting import LIMIT, WAITING
from tests.provider.endpoint import Endpoint, enter, seats, ticket
from tests.provider.kmf_stand_in import KMF, identifier
from tests.provider.slow_janus import slow_janus

pytestmark = pytest.mark.django_db(transaction=True)


async def order(http: Client, kmf: KMF, **members: str) -> None:
    body, headers = kmf.order(members | {"handle": kmf.handle})
    answer = await database_sync_to_async(http.post)("/orders", body, "application/json", headers=headers)
    assert answer.status_code == 204


@pytest.mark.parametrize("requests", [1, 2, 3, 4], ids=["create", "attach", "make the room", "join"])
@pytest.mark.parametrize("end", ["closed", "evicted", "replaced"])
async def test_a_seat_that_ends_while_it_opens_leaves_nothing(
    http: Client, kmf: KMF, janus: str, settings: Any, end: str, requests: int
) -> None:
    async with slow_janus(janus) as slow:
        settings.PROVIDER_JANUS_URL = slow.url
        slow.hold_at = requests
        endpoint = Endpoint(kmf.handle)
        given = await ticket(http, kmf)
        await endpoint.open()
        await endpoint.say({"type": "hello", "ticket": given})
        await slow.held()
        await end_by(end, http, kmf, janus, settings)
        assert (await endpoint.hear())["code"] == end
        slow.go()
        assert await endpoint.closed() == ([], CLOSE_CODES[end])
        await slow.all_closed()
        assert (await seats())[0] == (kmf.pseudonym, False, end)


async def end_by(end: str, http: Client, kmf: KMF, janus: str, settings: Any) -> None:
    if end == "closed":
        await order(http, kmf, order="close")
    elif end == "evicted":
        await order(http, kmf, order="evict", pseudonym=kmf.pseudonym)
    else:
        settings.PROVIDER_JANUS_URL = janus
        second, _ = await enter(http, kmf)
        await second.say({"type": "bye"})
        assert await second.closed() == ([], 1000)


async def test_a_socket_cut_while_it_opens_leaves_nothing(http: Client, kmf: KMF, janus: str, settings: Any) -> None:
    async with slow_janus(janus) as slow:
        settings.PROVIDER_JANUS_URL = slow.url
        slow.hold_at = 1
        endpoint = Endpoint(kmf.handle)
        given = await ticket(http, kmf)
        await endpoint.open()
        await endpoint.say({"type": "hello", "ticket": given})
        await slow.held()
        endpoint.socket.future.cancel()  # as the server does with what does not end in time
        await slow.all_closed()
        assert await seats() == [(kmf.pseudonym, False, "lost")]


async def test_an_answer_of_another_form_ends_the_socket(http: Client, kmf: KMF, janus: str, settings: Any) -> None:
    async with slow_janus(janus) as slow:
        settings.PROVIDER_JANUS_URL = slow.url
        slow.change = lambda text: text.replace("private_id", "other_id")
        endpoint = Endpoint(kmf.handle)
        given = await ticket(http, kmf)
        await endpoint.open()
        await endpoint.say({"type": "hello", "ticket": given})
        assert await endpoint.closed() == (["unavailable"], 4503)
        assert await seats() == [(kmf.pseudonym, False, "unavailable")]
        await slow.all_closed()


async def test_a_session_of_another_form_is_closed(http: Client, kmf: KMF, janus: str, settings: Any) -> None:
    async with slow_janus(janus) as slow:
        settings.PROVIDER_JANUS_URL = slow.url
        slow.change = lambda text: text.replace('"data"', '"other"')
        endpoint = Endpoint(kmf.handle)
        given = await ticket(http, kmf)
        await endpoint.open()
        await endpoint.say({"type": "hello", "ticket": given})
        assert await endpoint.closed() == (["unavailable"], 4503)
        assert await seats() == [(kmf.pseudonym, False, "unavailable")]
        await slow.all_closed()


@pytest.mark.parametrize("text", ["[]", "no JSON", json.dumps({"janus": "event", "sender": "x"})])
async def test_an_event_of_another_form_ends_the_socket(http: Client, kmf: KMF, janus: str, settings: Any, text: str) -> None:
    async with slow_janus(janus) as slow:
        settings.PROVIDER_JANUS_URL = slow.url
        endpoint, _ = await enter(http, kmf)
        await slow.say(text)
        assert await endpoint.closed() == (["mdd_gone"], 4503)
        assert await seats() == [(kmf.pseudonym, False, "mdd_gone")]
        await slow.all_closed()


async def test_sockets_that_wait_for_their_hello_are_bounded(http: Client, kmf: KMF, janus: str) -> None:
    entered, _ = await enter(http, kmf)
    strangers = [Endpoint(identifier()) for _ in range(LIMIT)]
    for stranger in strangers:
        await stranger.open()
    assert not (await Endpoint(identifier()).socket.connect())[0]
    await strangers.pop().socket.disconnect()
    again = Endpoint(identifier())
    await again.open()
    await asyncio.gather(*(stranger.socket.disconnect() for stranger in [*strangers, again]))
    assert not WAITING._sockets
    assert await seats() == [(kmf.pseudonym, True, "")]
    await entered.say({"type": "bye"})
    assert await entered.closed() == ([], 1000)
