"""One session of the Janus API over its WebSocket transport: one endpoint's, with its handles.

When the socket ends Janus drops the session and all its handles at once, so nothing is left behind if this process dies.

Spec: Janus API, "WebSockets Interface".
"""

import asyncio
import json
import logging
import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Self

import websockets
from websockets.asyncio.client import ClientConnection, connect

from provider.errors import MDDGone, MDDRefused
from provider.mdd.pool import SUBPROTOCOL

PLUGIN = "janus.plugin.videoroom"
CONNECT_TIMEOUT_S = 5
CLOSE_TIMEOUT_S = 0.5
ANSWER_TIMEOUT_S = 10
KEEPALIVE_S = 25
MESSAGE_LIMIT_BYTES = 4 * 1024 * 1024
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Reply:
    """What the plugin said: ``data`` and, where media is negotiated, ``sdp``. ``handle`` is whose event it is."""

    handle: int
    data: dict[str, Any]
    sdp: str | None


class JanusSession:
    """Open it with `open`; `on_event` gets what Janus says by itself, `on_gone` is called when Janus goes away.

    What comes before `on_event` is set waits in `early`. Both are called in the event loop and must not wait.
    """

    def __init__(self, socket: ClientConnection, api_secret: str) -> None:
        self.early: list[Reply] = []
        self.on_event: Callable[[Reply], None] = self.early.append
        self.on_gone: Callable[[], None] = lambda: None
        self._socket = socket
        self._api_secret = api_secret
        self._session_id = 0
        self._waiting: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._closing = False
        self._gone = False  # nobody reads any more

    @classmethod
    async def open(cls, *, url: str, api_secret: str) -> Self:
        """Connect and make a session.

        Raises:
            MDDGone: Janus is away, or refuses.

        """
        try:
            socket = await connect(
                url,
                subprotocols=[SUBPROTOCOL],
                open_timeout=CONNECT_TIMEOUT_S,
                close_timeout=CLOSE_TIMEOUT_S,
                max_size=MESSAGE_LIMIT_BYTES,
                proxy=None,
                compression=None,
            )
        except (OSError, TimeoutError, websockets.WebSocketException):
            raise MDDGone("the MDD does not answer") from None
        session = cls(socket, api_secret)
        session._tasks = [asyncio.create_task(session._read()), asyncio.create_task(session._keep_alive())]
        try:
            answer = await session._ask({"janus": "create"})
            session._session_id = answer["data"]["id"]
        except BaseException:
            await session.close()
            raise
        return session

    @property
    def local_host(self) -> str:
        """Address of this process on its way to Janus."""
        return str(self._socket.local_address[0])

    async def attach(self) -> int:
        """Make a handle of the VideoRoom plugin; returns its id."""
        answer = await self._ask({"janus": "attach", "plugin": PLUGIN})
        return int(answer["data"]["id"])

    async def request(self, handle: int, body: dict[str, Any], *, kind: str = "", sdp: str = "") -> Reply:
        """Send ``body`` to the plugin and wait for what it says to it.

        Args:
            handle: from `attach`.
            body: the plugin's request.
            kind: ``offer`` or ``answer`` where ``sdp`` comes along.
            sdp: session description; it is always announced as end-to-end encrypted.

        Raises:
            MDDRefused: the plugin answered with an error.
            MDDGone: no answer.

        """
        message: dict[str, Any] = {"janus": "message", "handle_id": handle, "body": body}
        if sdp:
            message["jsep"] = {"type": kind, "sdp": sdp, "e2ee": True, "trickle": False}
        reply = _reply(await self._ask(message))
        if "error_code" in reply.data:
            raise MDDRefused(int(reply.data["error_code"]))
        return reply

    async def close(self) -> None:
        """End the session; its feeds and subscriptions end with it."""
        self._closing = True
        for task in self._tasks:
            task.cancel()
        with suppress(OSError, websockets.WebSocketException):
            await self._socket.close()
        self._fail_waiting()

    async def _ask(self, message: dict[str, Any]) -> dict[str, Any]:
        if self._gone:
            raise MDDGone("the MDD went away")
        transaction = secrets.token_hex(8)
        message |= {"transaction": transaction, "apisecret": self._api_secret}
        if self._session_id:
            message["session_id"] = self._session_id
        waiting = self._waiting[transaction] = asyncio.get_running_loop().create_future()
        try:
            await self._socket.send(json.dumps(message))
            answer = await asyncio.wait_for(waiting, ANSWER_TIMEOUT_S)
        except (OSError, TimeoutError, websockets.WebSocketException):
            raise MDDGone("the MDD does not answer") from None
        finally:
            self._waiting.pop(transaction, None)
        if answer["janus"] == "error":
            raise MDDRefused(int(answer["error"]["code"]))
        return answer

    async def _read(self) -> None:
        try:
            async for text in self._socket:
                self._take(json.loads(text))
        except (OSError, websockets.WebSocketException):
            pass  # gone, as when it closes in order
        except Exception:
            logger.exception("a message of the MDD could not be taken")
        self._gone = True
        if not self._closing:
            self._fail_waiting()
            self.on_gone()

    def _take(self, message: dict[str, Any]) -> None:
        if message["janus"] == "ack":
            return  # the plugin's answer comes as an event with the same transaction
        waiting = self._waiting.get(message.get("transaction", ""))
        if waiting is not None and not waiting.done():
            waiting.set_result(message)
        elif message["janus"] == "event":
            self.on_event(_reply(message))
        elif message["janus"] == "timeout":
            self.on_gone()

    async def _keep_alive(self) -> None:
        with suppress(MDDGone):
            while True:
                await asyncio.sleep(KEEPALIVE_S)
                await self._tell_alive()

    async def _tell_alive(self) -> None:
        message = {"janus": "keepalive", "session_id": self._session_id, "transaction": secrets.token_hex(8)}
        with suppress(OSError, websockets.WebSocketException):
            await self._socket.send(json.dumps(message | {"apisecret": self._api_secret}))

    def _fail_waiting(self) -> None:
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(MDDGone("the MDD went away"))


def _reply(message: dict[str, Any]) -> Reply:
    jsep = message.get("jsep") or {}
    data = message.get("plugindata", {}).get("data", {})
    return Reply(handle=int(message.get("sender", 0)), data=data, sdp=jsep.get("sdp"))
