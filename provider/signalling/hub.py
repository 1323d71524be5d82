"""The open sockets of this process, and the watcher that ends those whose seat is over.

The database says which seats are over, whoever ended them: this process looks each second, and at once when an order came in
here. So several processes need no channel between them.
"""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress

from channels.db import database_sync_to_async
from django.conf import settings
from django.db import DatabaseError
from django.utils import timezone

from provider.selectors import ended_among, other_parts
from provider.services.cleaning import clean
from provider.services.seats import mark_seen
from provider.signalling.cascade import Cascade
from provider.signalling.mdd_watch import MDDWatch

LOOK_S = 1.0
SEEN_EVERY = 10  # looks
CLEAN_EVERY = 60  # looks
TIDY_EVERY = 15  # looks
logger = logging.getLogger(__name__)


class Hub:
    """One for a process."""

    def __init__(self) -> None:
        self._ends: dict[int, Callable[[str], None]] = {}
        self._cascades: dict[int, Cascade] = {}
        self._task: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._awake: asyncio.Event | None = None
        self._mdds: MDDWatch | None = None

    def add(self, seat_id: int, end: Callable[[str], None]) -> None:
        """Watch a seat; ``end`` is called in the event loop with the reason when it is over."""
        self._ends[seat_id] = end
        if self._task is None or self._task.done():
            self._loop, self._awake = asyncio.get_running_loop(), asyncio.Event()
            self._task = asyncio.create_task(self._watch(self._awake))

    def share(self, seat_id: int, cascade: Cascade) -> None:
        """Tell ``cascade`` at each look the other parts of the seat's room. In the event loop."""
        self._cascades[seat_id] = cascade

    def remove(self, seat_id: int) -> None:
        """Watch it no more."""
        self._ends.pop(seat_id, None)
        self._cascades.pop(seat_id, None)
        if not self._ends and self._awake is not None:
            self._awake.set()  # the watcher ends with the last seat

    def wake(self) -> None:
        """Look now. May be called from any thread."""
        if self._loop is not None and self._awake is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._awake.set)

    def suspect(self) -> None:
        """A line to an MDD broke. In the event loop."""
        if self._mdds is not None:
            self._mdds.wake()

    async def _watch(self, awake: asyncio.Event) -> None:
        self._mdds = MDDWatch(self.wake)
        mdds = asyncio.create_task(self._mdds.run())
        try:
            while self._ends:
                await self._watch_seats(awake)
                # The last seats may have ended because their MDD did: whoever comes next must be sent elsewhere.
                await self._mdds.look_now()
        finally:
            mdds.cancel()

    async def _watch_seats(self, awake: asyncio.Event) -> None:
        looks = 0
        while self._ends:
            with suppress(TimeoutError):
                await asyncio.wait_for(awake.wait(), LOOK_S)
            awake.clear()
            looks += 1
            try:
                await self._look(looks)
            except DatabaseError:
                logger.warning("the database is away; seats are looked at later")
            except Exception:
                logger.exception("seats could not be looked at")

    async def _look(self, looks: int) -> None:
        ended = await database_sync_to_async(ended_among)(list(self._ends))
        for seat_id, reason in ended.items():
            end = self._ends.pop(seat_id, None)
            if end is not None:
                end(reason)
        if settings.PROVIDER_MDD_ROOM_LIMIT > 0:  # else a room has one part
            await self._look_at_parts(tidy=looks % TIDY_EVERY == 0)
        if looks % SEEN_EVERY == 0:
            await database_sync_to_async(mark_seen)(seat_ids=list(self._ends), now=timezone.now())
        if looks % CLEAN_EVERY == 0:
            await database_sync_to_async(clean)(now=timezone.now())

    async def _look_at_parts(self, *, tidy: bool) -> None:
        shared = await database_sync_to_async(other_parts)(list(self._cascades))
        for seat_id, cascade in list(self._cascades.items()):
            cascade.want(shared.get(seat_id, []))
        if tidy:  # one endpoint for each part
            chosen = {cascade.room: cascade for cascade in self._cascades.values()}
            for cascade in chosen.values():
                cascade.tidy()


HUB = Hub()
