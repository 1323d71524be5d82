"""A hub: this process's sockets of one conference. It reads the state once, wraps for its own sockets, and writes.

Hints only wake it; every second it looks by itself. Nothing here is truth: a hub that dies loses nothing.
"""

import asyncio
import logging
import time
from contextlib import suppress
from datetime import UTC, datetime

from channels.db import database_sync_to_async
from django.db import Error as DatabaseError

from kmf.errors import KMFError, KMFUnavailable
from kmf.push import state as reads
from kmf.push.member import Member
from kmf.selectors import leave_reason, present_endpoint, state_version
from kmf.services.presence import leave, note_heartbeats
from kmf.services.settle import settle

_log = logging.getLogger(__name__)
TICK_S = 1.0
CURRENT_EVERY_S = 5.0
SILENCE_S = 15.0  # three missed heartbeats
RETURN_WITHIN_S = 5.0  # a cut line may come back that long
RENEWAL_GRACE_S = 60.0
CONFIRM_WITHIN_S = 2.0  # from «revoked» to the endpoint's «deleted»
CLOSE_DENIED, CLOSE_REPLACED, CLOSE_ENDED = 4403, 4409, 4410
_TOLD = {"ended": "ended", "replaced": "replaced", "withdrawn": "withdrawn", "removed": "removed"}


class Hub:
    """Sockets of one conference in this process."""

    def __init__(self, conference_id: str) -> None:
        self.conference_id = conference_id
        self.members: dict[int, Member] = {}
        self._lost: dict[int, tuple[Member, float]] = {}  # endpoint id → its socket, and when the line was cut
        self._dismissed: dict[int, tuple[Member, float, int]] = {}  # … → socket, when it is closed, and with what
        self._batches: dict[str, list[dict[str, object]]] = {}
        self._wake = asyncio.Event()
        self._version = -1
        self._current_at = 0.0
        self._settled_at = 0.0
        self._wait_s = TICK_S

    @property
    def idle(self) -> bool:
        """Nothing to look after any more."""
        return not (self.members or self._lost or self._dismissed or self._batches)

    def wake(self) -> None:
        """Look at the database now."""
        self._wake.set()

    def take_in(self, member: Member) -> Member | None:
        """A new member; an earlier socket of the same endpoint is given back: it is over."""
        self._lost.pop(member.endpoint_id, None)
        earlier = self.members.get(member.endpoint_id)
        self.members[member.endpoint_id] = member
        return earlier

    def greeted(self, member: Member) -> None:
        """The member has its ``welcome``: tell it what changed since that was read."""
        member.greeted = True
        self._version = -1
        self.wake()

    def line_cut(self, member: Member) -> None:
        """The member's socket is gone without a goodbye: it may come back within 5 s."""
        if self.members.get(member.endpoint_id) is member:
            del self.members[member.endpoint_id]
            self._lost[member.endpoint_id] = (member, time.monotonic())

    def said_goodbye(self, member: Member) -> None:
        """The member is gone; its leave is recorded by the caller."""
        if self.members.get(member.endpoint_id) is member:
            del self.members[member.endpoint_id]

    def note(self, event: str, member: Member, **details: object) -> None:
        """Put down what an endpoint said, for the next tick's audit row."""
        holder: dict[str, object] = {"source_id": member.source_id, "identity": member.identity, **details}
        self._batches.setdefault(event, []).append(holder)

    async def run(self) -> None:
        """Tick until nobody is left. A database that is away stops nothing here: the next tick tries again."""
        while not self.idle:
            try:
                await self._tick()
            except (DatabaseError, KMFError):
                _log.warning("hub: the conference's state cannot be read now")
                self._wait_s = TICK_S
            except Exception:  # noqa: BLE001  sockets without a hub would hear nothing for 30 s and not know why
                _log.exception("hub: a tick failed")
                self._wait_s = TICK_S
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), self._wait_s)
            self._wake.clear()

    async def _tick(self) -> None:
        now = datetime.now(UTC)
        due_at = await self._follow(now)  # what is known already goes out first: a leaver is locked out by it
        if time.monotonic() - self._settled_at >= TICK_S or (due_at is not None and due_at <= now):
            self._settled_at = time.monotonic()
            try:
                await self._end_silent(now)
                await database_sync_to_async(settle)(conference_id=self.conference_id, now=now)
            except KMFUnavailable:  # sealed: what is due waits, and those who are in hear that the line is alive
                _log.warning("hub: no epoch can be opened now")
            due_at = await self._follow(now)
        overdue = due_at is not None and due_at <= now  # it was tried just now: sealed
        self._wait_s = TICK_S if due_at is None or overdue else max(0.0, min(TICK_S, (due_at - now).total_seconds()))
        if time.monotonic() - self._current_at >= CURRENT_EVERY_S:
            await self._send_current(now)
        await self._close_dismissed()
        await self._record(now)

    async def _follow(self, now: datetime) -> datetime | None:
        """Tell the sockets what changed since the last look; returns when an epoch for leavers is due, if one waits."""
        version: int
        due_at: datetime | None
        version, due_at = await database_sync_to_async(state_version)(self.conference_id)
        if version != self._version:
            self._version = version  # before the reads: what changes during them is looked at again
            try:
                await self._refresh(now)
            except (DatabaseError, KMFError):
                self._version = -1
                raise
        return due_at

    async def _end_silent(self, now: datetime) -> None:
        """Leaves that nobody said: cut lines after 5 s, silence, tokens not renewed."""
        monotonic = time.monotonic()
        over = [(member, "line_cut") for member, since in self._lost.values() if monotonic - since >= RETURN_WITHIN_S]
        for member in self.members.values():
            if monotonic - member.heard_at >= SILENCE_S:
                over.append((member, "silent"))
            elif now.timestamp() >= member.token_expires_at + RENEWAL_GRACE_S:
                over.append((member, "expired"))
        for member, reason in over:
            await database_sync_to_async(leave)(
                endpoint_id=member.endpoint_id, reason=reason, now=now, attached_at=member.attached_at
            )
            self._lost.pop(member.endpoint_id, None)
            if self.members.get(member.endpoint_id) is member and await self._is_attached_elsewhere(member):
                self.said_goodbye(member)
                await member.close(CLOSE_REPLACED)

    async def _is_attached_elsewhere(self, member: Member) -> bool:
        """Whether the endpoint has a newer socket, at another process."""
        endpoint = await database_sync_to_async(present_endpoint)(member.endpoint_id)
        return endpoint is not None and endpoint.connected_at != member.attached_at

    async def _refresh(self, now: datetime) -> None:
        after = min((member.number for member in self._listening()), default=0)
        refresh = await database_sync_to_async(reads.read_refresh)(self.conference_id, after, now)
        for member in list(self.members.values()):
            if refresh.state.closed or member.source_id not in refresh.state.present:
                await self._dismiss(member, closed=refresh.state.closed)
                continue
            if member.greeted:
                await self._tell(member, refresh)
        if refresh.sealed:
            self._version = -1  # the key is still owed
        await self._send_current(now)

    async def _tell(self, member: Member, refresh: reads.Refresh) -> None:
        """The rekey first, then the deltas that explain it."""
        if refresh.key is not None and refresh.key.number > member.epoch:
            member.epoch = refresh.key.number
            await member.send("rekey", member.key_message(refresh.key))
        for number, delta in refresh.deltas:
            if number > member.number:
                member.number = number
                await member.send("roster", {"delta": delta})

    async def _dismiss(self, member: Member, *, closed: bool) -> None:
        reason = await database_sync_to_async(leave_reason)(self.conference_id, member.source_id)
        told = "ended" if closed else _TOLD.get(reason, "expired")
        self.said_goodbye(member)
        code = {"ended": CLOSE_ENDED, "replaced": CLOSE_REPLACED}.get(told, CLOSE_DENIED)
        self._dismissed[member.endpoint_id] = (member, time.monotonic() + CONFIRM_WITHIN_S, code)
        await member.send("revoked", {"reason": told})

    async def confirmed(self, member: Member) -> None:
        """The member said ``deleted``; one that was dismissed has nothing more to say."""
        dismissed = self._dismissed.pop(member.endpoint_id, None)
        if dismissed is not None:
            await member.close(dismissed[2])

    async def _close_dismissed(self) -> None:
        now = time.monotonic()
        for member, until, _code in list(self._dismissed.values()):
            if now >= until:
                await self.confirmed(member)

    async def _send_current(self, now: datetime) -> None:
        self._current_at = time.monotonic()
        if not self.members:
            return
        current = await database_sync_to_async(reads.read_current)(self.conference_id, now)
        for member in self._listening():
            await member.send("current", {"current": current})
        await database_sync_to_async(note_heartbeats)(endpoint_ids=list(self.members), now=now)

    def _listening(self) -> list[Member]:
        return [member for member in self.members.values() if member.greeted]

    async def _record(self, now: datetime) -> None:
        for event in list(self._batches):
            holders = list(self._batches[event])
            await database_sync_to_async(reads.record_batch)(self.conference_id, event, holders, now)
            del self._batches[event][: len(holders)]  # what came meanwhile waits for the next tick
            if not self._batches[event]:
                del self._batches[event]
