"""One endpoint's feed at the other parts of its room: begun when a part is there, ended when that or the endpoint is gone.

A feed that is not shown there any more, for whatever reason, is shown again. What a process that died has left is taken away.
"""

import asyncio
import logging
import time

from channels.db import database_sync_to_async
from django.db import DatabaseError

from provider.errors import MDDGone, ProviderError
from provider.mdd.conference_room import ConferenceRoom
from provider.mdd.forwarding import Forwarding, Target
from provider.mdd.pool import find_mdd
from provider.models import Part
from provider.selectors import feeds_in_use

END_S = 2
CHECK_S = 5.0  # that the line to the other MDD broke is seen at once; that the feed is not there any more, by asking
LISTEN_S = 10.0  # that its packets do not come there, by listening
LONGEST_PAUSE_S = 300.0  # where they never do, to show it anew does not help
logger = logging.getLogger(__name__)


class Cascade:
    """`want` may be called as often as one likes; what fails is tried again at its next call."""

    def __init__(self, home: ConferenceRoom) -> None:
        self._home = home
        self._wanted: dict[str, Part] = {}
        self._told: dict[str, int] = {}  # generation of the feed's streams that each part knows
        self._forwardings: dict[str, Forwarding] = {}
        self._check_at = 0.0
        self._task: asyncio.Task[None] | None = None
        self._tidying: asyncio.Task[None] | None = None
        self._listening: asyncio.Task[None] | None = None
        self._listen_at: dict[str, float] = {}
        self._pauses: dict[str, float] = {}  # until the next listening, after packets were lost
        self._closed = False

    @property
    def room(self) -> str:
        """Name of the endpoint's own part at its MDD."""
        return self._home.name

    def want(self, parts: list[Part]) -> None:
        """``parts`` are the room's other parts now. Never waits."""
        self._wanted = {part.mdd_room: part for part in parts}
        if not self._closed and self._is_behind() and (self._task is None or self._task.done()):
            self._task = asyncio.create_task(self._follow())
        if not self._closed and self._forwardings and (self._listening is None or self._listening.done()):
            self._listening = asyncio.create_task(self._listen())

    def tidy(self) -> None:
        """Take feeds out of the endpoint's own part that belong to no endpoint any more. Never waits."""
        if not self._closed and (self._tidying is None or self._tidying.done()):
            self._tidying = asyncio.create_task(self._tidy())

    async def close(self) -> None:
        """End all."""
        self._closed = True
        tasks = [task for task in (self._task, self._tidying, self._listening) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.gather(*(self._end(forwarding, stays_at_home=False) for forwarding in self._forwardings.values()))
        self._forwardings.clear()

    def _is_behind(self) -> bool:
        if self._over() or (self._forwardings and time.monotonic() >= self._check_at):
            return True
        return bool(self._home.published) and any(self._told.get(name) != self._home.generation for name in self._wanted)

    def _over(self) -> list[str]:
        """Names of forwardings to parts that are gone, and of broken ones."""
        return [name for name, forwarding in self._forwardings.items() if name not in self._wanted or forwarding.broken]

    async def _follow(self) -> None:
        await self._check()
        for name in self._over():
            self._told.pop(name, None)
            await self._end(self._forwardings.pop(name), stays_at_home=True)
        for name, part in list(self._wanted.items()) if self._home.published else []:
            try:
                await self._show_at(name, part)
            except ProviderError as error:
                logger.info("a feed could not be shown at another MDD: %s", error.reason)

    async def _check(self) -> None:
        if time.monotonic() < self._check_at:
            return
        self._check_at = time.monotonic() + CHECK_S
        for forwarding in list(self._forwardings.values()):
            try:
                async with asyncio.timeout(END_S):
                    await forwarding.check()
            except (MDDGone, TimeoutError):
                logger.info("a feed at another MDD could not be looked at")

    async def _listen(self) -> None:
        for name, forwarding in list(self._forwardings.items()):
            if time.monotonic() < self._listen_at.setdefault(name, time.monotonic() + LISTEN_S):
                continue
            lost = await self._loses_packets(forwarding)
            self._pauses[name] = min(self._pauses.get(name, LISTEN_S) * 2, LONGEST_PAUSE_S) if lost else LISTEN_S
            self._listen_at[name] = time.monotonic() + self._pauses[name]

    async def _loses_packets(self, forwarding: Forwarding) -> bool:
        try:
            lost = await forwarding.loses_packets()
        except (MDDGone, OSError):
            logger.info("the packets of a feed could not be listened for")
            return False
        if lost:
            logger.warning("packets of a feed do not come to another MDD; it is shown there anew")
        return lost

    async def _tidy(self) -> None:
        try:
            # Asked in this order, nobody who comes meanwhile is taken for one that is gone.
            there = await self._home.feeds_there()
            for feed in there - await database_sync_to_async(feeds_in_use)(there):
                await self._home.take_away(feed)
                logger.info("a feed that nobody sends any more was taken away")
        except (MDDGone, DatabaseError):
            logger.info("the feeds of a room could not be looked through")

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

    async def _end(self, forwarding: Forwarding, *, stays_at_home: bool) -> None:
        try:
            async with asyncio.timeout(END_S):
                await forwarding.end(stays_at_home=stays_at_home)
        except TimeoutError:
            logger.info("a feed could not be taken away from another MDD")
