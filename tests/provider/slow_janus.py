"""A line to the real Janus that can be held, changed and spoken into."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import websockets
from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import ServerConnection, serve

from provider.mdd.janus_session import SUBPROTOCOL

Side = ServerConnection | ClientConnection


class SlowJanus:
    """``lines`` are the open ones, ``asked`` what was asked of Janus; ``change`` sees each answer."""

    def __init__(self, janus: str) -> None:
        self._janus = janus
        self.url = ""
        self.lines: set[ServerConnection] = set()
        self.opened = 0
        self.asked: list[str] = []
        self.free = asyncio.Event()
        self.free.set()
        self.change: Callable[[str], str] = lambda text: text

    async def take(self, line: ServerConnection) -> None:
        self.lines.add(line)
        self.opened += 1
        async with connect(self._janus, subprotocols=[SUBPROTOCOL], proxy=None) as janus:
            back = asyncio.create_task(self._carry_back(janus, line))
            with suppress(websockets.WebSocketException):
                async for text in line:
                    self.asked.append(str(text))
                    await self.free.wait()
                    await janus.send(text)
            back.cancel()
        self.lines.discard(line)

    async def _carry_back(self, janus: Side, line: Side) -> None:
        with suppress(websockets.WebSocketException):
            async for text in janus:
                await line.send(self.change(str(text)))

    async def say(self, text: str) -> None:
        for line in self.lines:
            await line.send(text)

    async def until(self, true: Callable[[], bool]) -> None:
        async with asyncio.timeout(5):
            while not true():
                await asyncio.sleep(0.01)


@asynccontextmanager
async def slow_janus(janus: str) -> AsyncIterator[SlowJanus]:
    made = SlowJanus(janus)
    async with serve(made.take, "127.0.0.1", 0, subprotocols=[SUBPROTOCOL]) as server:
        made.url = f"ws://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}"
        yield made
