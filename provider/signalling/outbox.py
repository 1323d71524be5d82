"""What goes to one endpoint, in order, through a bounded buffer: a reader that is too slow is cut off and hurts nobody else."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

LIMIT = 512
FLUSH_S = 1


class Outbox:
    """``send`` puts one text on the socket; ``overflow`` is called once when the endpoint is too slow."""

    def __init__(self, send: Callable[[str], Awaitable[None]], overflow: Callable[[], None]) -> None:
        self._queue: asyncio.Queue[str] = asyncio.Queue(LIMIT)
        self._send = send
        self._overflow = overflow
        self._task = asyncio.create_task(self._run())

    def put(self, message: dict[str, Any]) -> None:
        """Send ``message`` in its turn; never waits."""
        try:
            self._queue.put_nowait(json.dumps(message, separators=(",", ":")))
        except asyncio.QueueFull:
            self._overflow()

    async def close(self) -> None:
        """Send what waits, within `FLUSH_S`, then stop."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._queue.join(), FLUSH_S)
        self._task.cancel()

    def cancel(self) -> None:
        """Stop at once: the socket is gone."""
        self._task.cancel()

    async def _run(self) -> None:
        while True:
            text = await self._queue.get()
            try:
                await self._send(text)
            finally:
                self._queue.task_done()
