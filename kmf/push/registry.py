"""The hubs of this process, and the one subscription per conference that wakes them."""

import asyncio
import logging

import redis.asyncio as redis
from django.conf import settings

from kmf import hints
from kmf.push.hub import Hub

_log = logging.getLogger(__name__)
_RETRY_S = 1.0


class Registry:
    """Hubs by conference. Everything runs on the loop of the first socket; hints may come from any thread."""

    def __init__(self) -> None:
        self._hubs: dict[str, Hub] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        hints.listen_locally(self._hinted)

    def hub(self, conference_id: str) -> Hub:
        """The conference's hub, made for its first socket. Call it on the loop, and take a member in before awaiting."""
        self._loop = asyncio.get_running_loop()
        hub = self._hubs.get(conference_id)
        if hub is None:
            hub = self._hubs[conference_id] = Hub(conference_id)
            self._loop.call_soon(self._start, hub)
        return hub

    def _start(self, hub: Hub) -> None:
        task = asyncio.get_running_loop().create_task(self._look_after(hub))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _look_after(self, hub: Hub) -> None:
        listener = asyncio.create_task(_listen(hub))
        try:
            await hub.run()
        finally:
            listener.cancel()
            if self._hubs.get(hub.conference_id) is hub:
                del self._hubs[hub.conference_id]

    def _hinted(self, conference_id: str) -> None:
        hub = self._hubs.get(conference_id)
        if hub is not None and self._loop is not None:
            self._loop.call_soon_threadsafe(hub.hint)


async def _listen(hub: Hub) -> None:
    """Wake the hub on hints of other processes; without a broker its own clock must do."""
    while True:
        client = redis.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=2, socket_timeout=None)
        try:
            async with client.pubsub() as pubsub:
                await pubsub.subscribe(hints.CHANNEL_PREFIX + hub.conference_id)
                async for _message in pubsub.listen():
                    hub.hint()
        except (redis.RedisError, OSError):
            await asyncio.sleep(_RETRY_S)
        finally:
            await client.aclose()


registry = Registry()
