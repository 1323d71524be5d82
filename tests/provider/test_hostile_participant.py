"""What a participant may try at the media server: by what he says to the provider, and, if he reached its API, by that."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest
import websockets
from channels.db import database_sync_to_async
from django.conf import settings as site
from django.test import Client
from websockets.asyncio.client import connect

from provider.errors import MDDRefused
from provider.mdd.janus_session import JanusSession
from provider.mdd.pool import SUBPROTOCOL
from provider.models import Part
from tests.provider.endpoint import enter, seats
from tests.provider.kmf_stand_in import KMF, identifier
from tests.provider.test_room_tokens import OFFER

pytestmark = pytest.mark.django_db(transaction=True)
UNAUTHORIZED = 403
ADMIN_REQUESTS = ("info", "list_sessions", "list_handles", "get_settings", "set_log_level", "add_token", "list_tokens")
DATA = (
    "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=mid:1\r\na=sctp-port:5000\r\n"
    "a=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuv\r\na=setup:actpass\r\n"
)
SECTION = "m=" + OFFER.split("m=")[1]


@contextmanager
def trap() -> Iterator[socket.socket]:
    """A UDP socket at which nothing may arrive."""
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as made:
        made.bind(("127.0.0.1", 0))
        made.setblocking(False)  # noqa: FBT003  the standard library's signature
        yield made


def descriptions(port: int) -> dict[str, str]:
    candidate = f"a=candidate:1 1 udp 2130706431 127.0.0.1 {port} typ host\r\n"
    return {
        "a data channel": OFFER + DATA,
        "a candidate that he chose": OFFER + candidate,
        "a name to be looked up": OFFER + "a=candidate:1 1 udp 1 somebody.local 9 typ host\r\n",
        "a remote candidate": OFFER + f"a=remote-candidates:1 127.0.0.1 {port}\r\n",
        "more sections than anybody sends": OFFER + SECTION * 100,
        "text instead of media": OFFER.replace("m=audio", "m=text"),
        "an image": OFFER.replace("m=audio", "m=image"),
        "keys in the description": OFFER + "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:AAAA\r\n",
        "ends of line of another kind": OFFER + "a=x\na=candidate:1 1 udp 1 127.0.0.1 9 typ host\r\n",
    }


@pytest.mark.parametrize("what", sorted(descriptions(9)))
async def test_a_description_with_more_than_media_reaches_no_media_server(http: Client, kmf: KMF, janus: str, what: str) -> None:
    with trap() as hole:
        endpoint, _ = await enter(http, kmf)
        offer = descriptions(hole.getsockname()[1])[what]
        await endpoint.say({"type": "publish", "sdp": offer, "tracks": [{"mid": "0", "track": "mic"}]})
        assert await endpoint.closed() == (["malformed"], 4400)
        assert (await seats())[-1] == (kmf.pseudonym, False, "malformed")
        with pytest.raises(BlockingIOError):
            hole.recv(1500)


async def test_a_plain_description_is_taken(http: Client, kmf: KMF, janus: str) -> None:
    endpoint, _ = await enter(http, kmf)
    await endpoint.say({"type": "publish", "sdp": OFFER, "tracks": [{"mid": "0", "track": "mic"}]})
    assert (await endpoint.hear())["type"] == "published"
    await endpoint.say({"type": "bye"})
    await endpoint.closed()


@pytest.fixture
async def outsider(janus: str) -> AsyncIterator[websockets.ClientConnection]:
    """Somebody who reached the API's port."""
    async with connect(janus, subprotocols=[SUBPROTOCOL], proxy=None) as line:
        yield line


async def ask(line: websockets.ClientConnection, **message: Any) -> dict[str, Any]:
    await line.send(json.dumps(message | {"transaction": identifier()}))
    return dict(json.loads(await asyncio.wait_for(line.recv(), 5)))


@pytest.mark.parametrize("secret", [None, "", "janusoverlord", "supersecret"])
async def test_without_its_secret_the_api_gives_nothing(
    janus: str, outsider: websockets.ClientConnection, secret: str | None
) -> None:
    given = {} if secret is None else {"apisecret": secret, "admin_secret": secret}
    answer = await ask(outsider, janus="create", **given)
    assert (answer["janus"], answer["error"]["code"]) == ("error", UNAUTHORIZED)
    session = await JanusSession.open(url=janus, api_secret=site.PROVIDER_JANUS_SECRET_FILE.read_text().strip())
    line = await session.attach()
    message = {"session_id": session._session_id, "handle_id": line, "body": {"request": "list"}}
    for request in ("claim", "attach", "message", "detach", "destroy"):
        answer = await ask(outsider, janus=request, plugin="janus.plugin.videoroom", **message, **given)
        assert (answer["janus"], answer["error"]["code"]) == ("error", UNAUTHORIZED)
    assert (await session.request(line, {"request": "list"})).data["list"] == []  # the session lives
    await session.close()


@pytest.mark.parametrize("request_name", ADMIN_REQUESTS)
async def test_there_is_no_admin_api(janus: str, request_name: str) -> None:
    with pytest.raises((websockets.WebSocketException, OSError)):
        async with connect(janus, subprotocols=[websockets.Subprotocol("janus-admin-protocol")], proxy=None) as line:
            await ask(line, janus=request_name)
    secret = site.PROVIDER_JANUS_SECRET_FILE.read_text().strip()
    async with connect(janus, subprotocols=[SUBPROTOCOL], proxy=None) as line:
        answer = await ask(line, janus=request_name, apisecret=secret, admin_secret=secret)
    said = json.dumps(answer)
    if request_name != "info":  # which says what Janus is, and nothing of who uses it
        assert answer["janus"] == "error"
    assert not {"sessions", "handles", "tokens"} & answer.keys()
    assert secret not in said
    assert "libjanus" not in said


async def test_who_has_the_apis_secret_finds_no_room_and_opens_none(http: Client, kmf: KMF, janus: str) -> None:
    """The secret is one of two: a room's name is random, and its own secret is needed for all that is done to it."""
    endpoint, feed = await enter(http, kmf)
    part = await database_sync_to_async(Part.objects.get)(room__handle=kmf.handle)
    session = await JanusSession.open(url=janus, api_secret=site.PROVIDER_JANUS_SECRET_FILE.read_text().strip())
    line = await session.attach()
    assert (await session.request(line, {"request": "list"})).data["list"] == []
    room = {"room": part.mdd_room}
    tried: list[dict[str, Any]] = [
        {"request": "create", "room": identifier()},
        {"request": "edit", "new_require_pvtid": False, **room},
        {"request": "destroy", **room},
        {"request": "allowed", "action": "disable", **room},
        {"request": "allowed", "action": "add", "allowed": ["mine"], **room},
        {"request": "kick", "id": feed, **room},
        {"request": "moderate", "id": feed, "mid": "0", "mute": True, **room},
        {"request": "enable_recording", "record": True, **room},
        {"request": "rtp_forward", "publisher_id": feed, "host": "127.0.0.1", "streams": [{"mid": "0", "port": 9}], **room},
        {"request": "listforwarders", **room},
        {"request": "publish_remotely", "publisher_id": feed, "remote_id": "x", "host": "127.0.0.1", "port": 9, **room},
        {"request": "add_remote_publisher", "id": identifier(), "streams": [{"type": "audio", "mid": "0", "mindex": 0}], **room},
        {"request": "remove_remote_publisher", "id": feed, **room},
    ]
    for body in tried:
        with pytest.raises(MDDRefused):
            await session.request(line, body)
    subscriber = {"request": "join", "ptype": "subscriber", "streams": [{"feed": feed}], "pin": part.pin, **room}
    with pytest.raises(MDDRefused):  # without somebody's private id nobody subscribes
        await session.request(await session.attach(), subscriber)
    await session.close()
    await endpoint.say({"type": "bye"})
    assert await endpoint.closed() == ([], 1000)


async def test_a_publisher_cannot_have_himself_recorded(http: Client, kmf: KMF, janus: str) -> None:
    """By the API itself; of what an endpoint says no member is handed on that could ask for it."""
    endpoint, _ = await enter(http, kmf)
    part = await database_sync_to_async(Part.objects.get)(room__handle=kmf.handle)
    session = await JanusSession.open(url=janus, api_secret=site.PROVIDER_JANUS_SECRET_FILE.read_text().strip())
    line = await session.attach()
    token = identifier()
    secret = {"room": part.mdd_room, "secret": part.secret}
    await session.request(line, {"request": "allowed", "action": "add", "allowed": [token], **secret})
    join = {"request": "join", "ptype": "publisher", "room": part.mdd_room, "pin": part.pin, "token": token}
    await session.request(line, join | {"id": identifier()})
    body = {"request": "publish", "record": True, "filename": "stolen"}
    answer = await session.request(line, body, kind="offer", sdp=OFFER)
    assert answer.data.get("configured") == "ok"
    there = await session.request(line, {"request": "listparticipants", **secret})
    assert "stolen" not in json.dumps(there.data)
    await session.close()
    await endpoint.say({"type": "publish", "sdp": OFFER, "tracks": [], "record": True})
    assert await endpoint.closed() == (["malformed"], 4400)
