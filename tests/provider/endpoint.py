"""An endpoint on the signalling socket, in this process."""

import json
from typing import Any

from channels.db import database_sync_to_async
from channels.testing import WebsocketCommunicator
from django.conf import settings
from django.test import Client

from config.asgi_provider import application
from provider.models import Seat
from tests.provider.kmf_stand_in import KMF


class Endpoint:
    def __init__(self, handle: str) -> None:
        host = settings.PROVIDER_ORIGIN.split("//")[1].encode()
        path = f"/conferences/{handle}/signalling"
        self.socket = WebsocketCommunicator(application, path, headers=[(b"host", host), (b"origin", b"null")])

    async def open(self) -> None:
        assert (await self.socket.connect())[0]

    async def say(self, message: Any) -> None:
        await self.socket.send_to(text_data=message if isinstance(message, str) else json.dumps(message))

    async def hear(self) -> dict[str, Any]:
        return json.loads(await self.socket.receive_from(timeout=5))

    async def closed(self) -> tuple[list[str], int]:
        """Codes of ``gone`` heard until the socket closes, and its close code."""
        heard = []
        while True:
            event = await self.socket.receive_output(timeout=8)
            if event["type"] == "websocket.close":
                # The server hears of the end as it does from a real socket.
                await self.socket.send_input({"type": "websocket.disconnect", "code": event["code"]})
                await self.socket.wait(timeout=5)
                return heard, event["code"]
            heard += [message["code"] for message in [json.loads(event["text"])] if message["type"] == "gone"]


async def ticket(http: Client, kmf: KMF, **changes: Any) -> str:
    answer = await database_sync_to_async(http.post)(
        f"/conferences/{kmf.handle}/join", content_type="application/json", headers=kmf.headers(**changes)
    )
    return answer.json()["ticket"]


async def enter(http: Client, kmf: KMF, **changes: Any) -> tuple[Endpoint, str]:
    endpoint = Endpoint(kmf.handle)
    given = await ticket(http, kmf, **changes)
    await endpoint.open()
    await endpoint.say({"type": "hello", "ticket": given})
    welcome = await endpoint.hear()
    assert welcome["type"] == "welcome"
    return endpoint, welcome["feed"]


async def seats() -> list[tuple[str, bool, str]]:
    names = ("pseudonym", "opened_at", "ended_at", "end_reason")
    rows = await database_sync_to_async(lambda: list(Seat.objects.order_by("id").values_list(*names)))()
    return [(pseudonym, bool(opened and not ended), reason) for pseudonym, opened, ended, reason in rows]
