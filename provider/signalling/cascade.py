"""One endpoint's feed at the other parts of its room: begun when a part is there, ended when that or the endpoint is gone."""

import asyncio
import logging

from provider.errors import ProviderError
from provider.mdd.conference_room import ConferenceRoom
from provider.mdd.forwarding import Forwarding, Target
from provider.mdd.pool import find_mdd
from provider.models import Part

END_S = 2
logger = logging.getLogger(__name__)


class Cascade:
    """`want` may be called as often as one likes; what fails is tried again at its next call."""

    def __init__(self, home: ConferenceRoom) -> None:
        self._home = home
        self._wanted: dict[str, Part] = {}
        self._told: dict[str, int] = {}  # generation of the feed's streams that each part knows
        self._forwardings: dict[str, Forwarding] = {}
        self._task: asyncio.Task[None] | None = None
        self._closed = False

    def want(self, parts: list[Part]) -> None:
        """``parts`` are the room's other parts now. Never waits."""
        self._wanted = {part.mdd_room: part for part in parts}
        if not self._closed and self._is_behind() and (self._task is None or self._task.done()):
            self._task = asyncio.create_task(self._follow())

    async def close(self) -> None:
        """End all."""
        self._closed = True
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await asyncio.gather(*(self._end(forwarding) for forwarding in self._forwardings.values()))
        self._forwardings.clear()

    def _is_behind(self) -> bool:
        if self._forwardings.keys() - self._wanted.keys():
            return True
        return bool(self._home.published) and any(self._told.get(name) != self._home.generation for name in self._wanted)

    async def _follow(self) -> None:
        for name in self._forwardings.keys() - self._wanted.keys():
            self._told.pop(name, None)
            await self._end(self._forwardings.pop(name))
        for name, part in list(self._wanted.items()) if self._home.published else []:
            try:
                await self._show_at(name, part)
            except ProviderError as error:
                logger.info("a feed could not be shown at another MDD: %s", error.reason)

    async def _show_at(self, name: str, part: Part) -> None:
        generation = self._home.generation
        if self._told.get(name) == generation:
            return
        if name in self._forwardings:
            await self._forwardings[name].update()
        else:
            mdd = find_mdd(part.mdd)
            target = Target(url=mdd.url, api_secret=mdd.api_secret(), room=part.mdd_room, secret=part.secret)
            self._forwardings[name] = await Forwarding.begin(self._home, target)
        self._told[name] = generation

    async def _end(self, forwarding: Forwarding) -> None:
        try:
            async with asyncio.timeout(END_S):
                await forwarding.end()
        except TimeoutError:
            logger.info("a feed could not be taken away from another MDD")
