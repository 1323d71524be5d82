"""Several media servers: the least loaded takes a room, a drained one none, and a dead one loses what it has."""

import asyncio
import threading
import time
from contextlib import closing
from io import StringIO
from typing import Any

import pytest
from channels.db import database_sync_to_async
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone

from provider.mdd.pool import configured_mdds
from provider.models import MDDState, Part
from provider.services.allotting import drain
from provider.services.seats import open_seat
from provider.signalling.mdd_watch import MOST_SILENT, MDDWatch
from tests.provider.endpoint import Endpoint, enter, seats, ticket
from tests.provider.kmf_stand_in import KMF, identifier
from tests.provider.real_janus import RealJanus
from tests.stack import slack

pytestmark = pytest.mark.django_db(transaction=True)
JOIN_AGAIN_S = 5


@pytest.fixture(autouse=True)
def other_conference(kmf: KMF) -> None:
    kmf.handle = identifier()


async def enter_conference(http: Client, kmf: KMF, handle: str, sub: str | None = None) -> Endpoint:
    kmf.handle = handle
    endpoint, _feed = await enter(http, kmf, sub=sub or identifier())
    return endpoint


async def leave(*endpoints: Endpoint) -> None:
    for endpoint in endpoints:
        await endpoint.say({"type": "bye"})
        assert await endpoint.closed() == ([], 1000)


async def held_by(handle: str) -> str:
    """Names of the MDDs that have a part of the room."""
    parts = Part.objects.filter(room__handle=handle).order_by("id")
    return " ".join(await database_sync_to_async(lambda: list(parts.values_list("mdd", flat=True)))())


async def lost() -> set[str]:
    return await database_sync_to_async(lambda: set(MDDState.objects.exclude(lost_at=None).values_list("name", flat=True)))()


async def manage(*arguments: str) -> str:
    output = StringIO()
    await database_sync_to_async(call_command)("mdd", *arguments, stdout=output)
    return output.getvalue()


async def test_a_new_room_goes_to_the_least_loaded(http: Client, kmf: KMF, two_janus: RealJanus) -> None:
    first, second, third = identifier(), identifier(), identifier()
    endpoints = [await enter_conference(http, kmf, first) for _ in range(2)]
    endpoints.append(await enter_conference(http, kmf, second))
    assert (await held_by(first), await held_by(second)) == ("janus", "janus-2")
    endpoints.append(await enter_conference(http, kmf, third))
    assert await held_by(third) == "janus-2"  # one endpoint there, two at the other
    endpoints.append(await enter_conference(http, kmf, first))
    assert await held_by(first) == "janus"  # a room that is held stays together
    await leave(*endpoints)


async def test_one_media_server_alone_is_never_given_up(http: Client, kmf: KMF, two_janus: RealJanus, settings: Any) -> None:
    settings.PROVIDER_JANUS_URL = two_janus.url
    endpoint = await enter_conference(http, kmf, kmf.handle)
    two_janus.kill()
    assert await endpoint.closed() == (["mdd_gone"], 4503)
    assert await lost() == set()
    two_janus.start()
    again = await enter_conference(http, kmf, kmf.handle)
    assert await held_by(kmf.handle) == "janus"
    await leave(again)


async def test_a_killed_one_loses_its_rooms_within_a_second_or_two(http: Client, kmf: KMF, two_janus: RealJanus) -> None:
    quiet, moved = identifier(), identifier()
    stays = await enter_conference(http, kmf, quiet)
    names = [identifier(), identifier()]
    endpoints = [await enter_conference(http, kmf, moved, name) for name in names]
    before = await database_sync_to_async(Part.objects.get)(room__handle=moved)
    assert before.mdd == "janus-2"
    two_janus.kill()
    begun = time.monotonic()
    for endpoint in endpoints:
        assert await endpoint.closed() == (["mdd_gone"], 4503)
    async with asyncio.timeout(JOIN_AGAIN_S):
        while await lost() != {"janus-2"}:  # noqa: ASYNC110  another task of this process writes it
            await asyncio.sleep(0.05)
    again = [await enter_conference(http, kmf, moved, name) for name in names]
    assert time.monotonic() - begun < JOIN_AGAIN_S * slack()
    after = await database_sync_to_async(Part.objects.get)(room__handle=moved)
    assert after.mdd == "janus"
    assert not {before.mdd_room, before.secret, before.pin} & {after.mdd_room, after.secret, after.pin}
    assert "does not answer" in (await manage("list")).splitlines()[1]
    two_janus.start()
    async with asyncio.timeout(JOIN_AGAIN_S):
        while await lost():  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    fresh = await enter_conference(http, kmf, identifier())
    assert await held_by(kmf.handle) == "janus-2"
    await leave(stays, *again, fresh)


async def test_a_frozen_one_loses_its_rooms_too(http: Client, kmf: KMF, two_janus: RealJanus) -> None:
    stays = await enter_conference(http, kmf, identifier())
    endpoint = await enter_conference(http, kmf, identifier())
    assert await held_by(kmf.handle) == "janus-2"
    two_janus.freeze()
    assert await endpoint.closed() == (["mdd_gone"], 4503)
    assert await lost() == {"janus-2"}
    again = await enter_conference(http, kmf, kmf.handle)
    assert await held_by(kmf.handle) == "janus"
    await leave(stays, again)


async def test_a_drained_one_keeps_what_it_has_and_gets_nothing_new(http: Client, kmf: KMF, two_janus: RealJanus) -> None:
    held = identifier()
    endpoint = await enter_conference(http, kmf, held)
    assert "janus\t" in (told := await manage("drain", "janus"))
    assert "\tdrained\trooms: 1\tendpoints: 1" in told.splitlines()[0]
    others = [await enter_conference(http, kmf, identifier()) for _ in range(2)]
    assert await held_by(kmf.handle) == "janus-2"
    others.append(await enter_conference(http, kmf, held))
    assert await held_by(held) == "janus"
    await leave(endpoint, *others)
    assert await held_by(held) == ""
    again = await enter_conference(http, kmf, held)
    assert await held_by(held) == "janus-2"
    await leave(again)
    assert "drained" not in await manage("undrain", "janus")
    last = await enter_conference(http, kmf, identifier())
    assert await held_by(kmf.handle) == "janus"
    await leave(last)


async def test_draining_may_move_who_is_there(http: Client, kmf: KMF, two_janus: RealJanus) -> None:
    name = identifier()
    endpoint = await enter_conference(http, kmf, kmf.handle, name)
    assert await held_by(kmf.handle) == "janus"
    await manage("drain", "janus", "--move")
    assert await endpoint.closed() == (["mdd_gone"], 4503)
    again = await enter_conference(http, kmf, kmf.handle, name)
    assert await held_by(kmf.handle) == "janus-2"
    assert [row[1:] for row in await seats()] == [(False, "mdd_gone"), (True, "")]
    await leave(again)


async def test_with_all_drained_nobody_new_is_seated(http: Client, kmf: KMF, janus: str) -> None:
    await manage("drain", "janus")
    with pytest.raises(AssertionError):
        await enter_conference(http, kmf, kmf.handle)
    assert [row[1] for row in await seats()] == [False]
    assert await held_by(kmf.handle) == ""


@pytest.mark.parametrize("what", ["drain", "undrain"])
def test_an_unknown_one_is_refused(janus: str, what: str) -> None:
    with pytest.raises(CommandError, match="no MDD of that name"):
        call_command("mdd", what, "janus-9")
    assert not MDDState.objects.exists()


@pytest.mark.parametrize("text", ["", " ", "http://127.0.0.1:1", "ws://a:1 janus=ws://b:1", "Turn=ws://a:1", "a=b=ws://a:1"])
def test_a_list_of_another_form_is_refused(settings: Any, text: str) -> None:
    settings.PROVIDER_JANUS_URL = text
    with pytest.raises(ImproperlyConfigured):
        configured_mdds()


def test_each_has_its_own_name_and_secret(settings: Any, tmp_path: Any) -> None:
    settings.PROVIDER_JANUS_URL = "ws://a:1 berlin=wss://b:1 ws://c:1"
    settings.PROVIDER_JANUS_SECRET_FILE = tmp_path / "janus-api"
    (tmp_path / "janus-api").write_text("shared\n")
    (tmp_path / "berlin-api").write_text("its own\n")
    found = configured_mdds()
    assert [(name, mdd.url, mdd.api_secret()) for name, mdd in found.items()] == [
        ("janus", "ws://a:1", "shared"),
        ("berlin", "wss://b:1", "its own"),
        ("janus-3", "ws://c:1", "shared"),
    ]


async def test_who_stands_still_himself_gives_no_media_server_up(http: Client, kmf: KMF, two_janus: RealJanus) -> None:
    watch = MDDWatch(lambda: None, patience_s=0.3)
    for _ in range(MOST_SILENT + 1):
        looking = asyncio.create_task(watch.look())
        while not looking.done():
            await asyncio.sleep(0.001)
            time.sleep(0.6)  # noqa: ASYNC251  the very fault: this process does nothing else meanwhile
        await looking
    assert await lost() == set()
    two_janus.freeze()
    for _ in range(MOST_SILENT):
        await watch.look()
    assert await lost() == {"janus-2"}


async def test_a_room_that_is_given_to_one_while_it_is_drained_moves_with_the_others(
    http: Client, kmf: KMF, two_janus: RealJanus
) -> None:
    stays = await enter_conference(http, kmf, identifier())  # so that the next goes to janus-2
    kmf.handle = identifier()
    given = await ticket(http, kmf)
    was_placed, may_commit = threading.Event(), threading.Event()

    def sit_down() -> None:
        with closing(connection), transaction.atomic():
            seat = open_seat(handle=kmf.handle, ticket=given, now=timezone.now())
            assert seat.part is not None
            assert seat.part.mdd == "janus-2"
            was_placed.set()
            may_commit.wait(10)

    def drain_and_move() -> None:
        with closing(connection):
            drain(name="janus-2", move=True, now=timezone.now())

    sitting = asyncio.create_task(asyncio.to_thread(sit_down))
    await asyncio.to_thread(was_placed.wait, 10)
    draining = asyncio.create_task(asyncio.to_thread(drain_and_move))
    await asyncio.sleep(0.5)
    may_commit.set()
    await asyncio.gather(sitting, draining)
    assert await held_by(kmf.handle) == ""
    assert (await seats())[-1] == (kmf.pseudonym, False, "mdd_gone")
    await manage("undrain", "janus-2")
    await leave(stays)
