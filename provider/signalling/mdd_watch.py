"""Looks after the MDDs while this process has seats: one that is dead loses its rooms at once, one that is back gets new ones.

With a single MDD there is nothing to decide, and nothing is asked.
"""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress

from channels.db import database_sync_to_async
from django.db import DatabaseError
from django.utils import timezone

from provider.errors import MDDGone
from provider.mdd.pool import MDD, configured_mdds, ping
from provider.selectors import mdd_states
from provider.services.allotting import mark_back, mark_lost

LOOK_S = 1.0
PING_S = 2.0  # a busy machine is no dead one
MOST_SILENT = 2  # looks in a row; a refused connection needs no second one
BEAT_S = 0.25
LATE_S = 0.25  # a beat that comes so much too late: this process stood still
logger = logging.getLogger(__name__)


class MDDWatch:
    """``on_lost`` is called after rooms of a dead MDD were taken from it.

    Who does not listen hears no answer: a silence in which this process itself stood still says nothing of an MDD.
    """

    def __init__(self, on_lost: Callable[[], None], *, patience_s: float = PING_S) -> None:
        self._on_lost = on_lost
        self._patience_s = patience_s
        self._silent: dict[str, int] = {}
        self._awake = asyncio.Event()
        self._stood_still_at = float("-inf")

    def wake(self) -> None:
        """A line to an MDD broke: look now."""
        self._awake.set()

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._awake.wait(), LOOK_S)
            self._awake.clear()
            await self.look_now()

    async def _beat(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + BEAT_S
            await asyncio.sleep(BEAT_S)
            if loop.time() > due + LATE_S:
                self._stood_still_at = loop.time()

    async def look_now(self) -> None:
        """One look, whatever comes of it."""
        try:
            await self.look()
        except DatabaseError:
            logger.warning("the database is away; MDDs are looked at later")
        except Exception:
            logger.exception("MDDs could not be looked at")

    async def look(self) -> None:
        """One look at all of them, side by side."""
        mdds = configured_mdds()
        if len(mdds) > 1:
            states = await database_sync_to_async(mdd_states)()
            lost = {name for name, state in states.items() if state.lost_at is not None}
            beat = asyncio.create_task(self._beat())
            try:
                await asyncio.gather(*(self._look_at(mdd, lost=mdd.name in lost) for mdd in mdds.values()))
            finally:
                beat.cancel()

    async def _look_at(self, mdd: MDD, *, lost: bool) -> None:
        begun_at = asyncio.get_running_loop().time()
        try:
            await ping(mdd, timeout_s=self._patience_s)
        except MDDGone as gone:
            if gone.hangs and self._stood_still(begun_at):
                logger.warning("this process stood still; the MDD %s is asked again", mdd.name)
                return
            silent = self._silent[mdd.name] = self._silent.get(mdd.name, 0) + 1
            if silent >= MOST_SILENT or not gone.hangs:
                await self._lose(mdd, told=lost)
            return
        self._silent.pop(mdd.name, None)
        if lost:
            logger.warning("the MDD %s answers again", mdd.name)
            await database_sync_to_async(mark_back)(name=mdd.name)

    def _stood_still(self, since: float) -> bool:
        late = asyncio.get_running_loop().time() - since > self._patience_s + LATE_S
        return late or self._stood_still_at > since

    async def _lose(self, mdd: MDD, *, told: bool) -> None:
        if not told:
            logger.warning("the MDD %s is lost; its rooms move", mdd.name)
        # Also where that is known: a room may have been given to it for want of another.
        await database_sync_to_async(mark_lost)(name=mdd.name, now=timezone.now())
        self._on_lost()
