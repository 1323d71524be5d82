"""A line to the real Janus that can be held, changed and spoken into."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import websockets
from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.protocol import State

from provider.mdd.pool import SUBPROTOCOL

Side = ServerConnection | ClientConnection


class SlowJanus:
    """``asked`` is what was asked of Janus, held from request ``hold_at`` on until `go`; ``change`` sees each answer."""

    def __init__(self, janus: str) -> None:
        self._janus = janus
        self.url = ""
        self.lines: list[ServerConnection] = []
        self.hold_at = 0
        self.asked: list[str] = []
        self._free = asyncio.Event()
        self._free.set()
        self.change: Callable[[str], str] = lambda text: text

    async def take(self, line: ServerConnection) -> None:
        self.lines.append(line)
        async with connect(self._janus, subprotocols=[SUBPROTOCOL], proxy=None) as janus:
            back = asyncio.create_task(self._carry_back(janus, line))
            with suppress(websockets.WebSocketException):
                async for text in line:
                    self.asked.append(str(text))
                    if len(self.asked) == self.hold_at:
                        self._free.clear()
                    await self._free.wait()
                    await janus.send(text)
            back.cancel()

    async def _carry_back(self, janus: Side, line: Side) -> None:
        with suppress(websockets.WebSocketException):
            async for text in janus:
                await line.send(self.change(str(text)))

    async def say(self, text: str) -> None:
        for line in self.lines:
            await line.send(text)

    def go(self) -> None:
        self._free.set()

    async def held(self) -> None:
        await self._until(lambda: not self._free.is_set())

    async def all_closed(self) -> None:
        assert self.lines
        await self._until(lambda: all(line.state is not State.OPEN for line in self.lines))

    async def _until(self, true: Callable[[], bool]) -> None:
        async with asyncio.timeout(5):
            while not true():  # noqa: ASYNC110  a line tells nobody that its state changed
                await asyncio.sleep(0.01)


@asynccontextmanager
async def slow_janus(janus: str) -> AsyncIterator[SlowJanus]:
    made = SlowJanus(janus)
    async with serve(made.take, "127.0.0.1", 0, subprotocols=[SUBPROTOCOL]) as server:
        made.url = f"ws://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}"
        try:
            yield made
        finally:
            made.go()
