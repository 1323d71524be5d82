"""A hub: this process's sockets of one conference. It reads the state once, wraps for its own sockets, and writes.

Hints only wake it; every second it looks by itself. Nothing here is truth: a hub that dies loses nothing.
"""

import asyncio
import logging
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from django.core.exceptions import ObjectDoesNotExist
from django.db import Error as DatabaseError

from kmf.errors import KMFError, KMFUnavailable
from kmf.models import KeyState
from kmf.push import state as reads
from kmf.push.fan_out import FanOut
from kmf.push.greetings import Greetings
from kmf.push.member import CLOSE_SLOW, Member
from kmf.push.notes import Detail, Notes
from kmf.push.silence import SILENCE_S, silent, weigh
from kmf.push.threads import for_hub
from kmf.selectors import doubted_endpoints, leave_reason, present_endpoint
from kmf.services.due import settle_if_due
from kmf.services.presence import leave, note_heartbeats
from kmf.services.presence_reports import note_unreached, resolve_doubts

_log = logging.getLogger(__name__)
TICK_S = 1.0
HINTS_APART_S = 0.25  # what is due by hints is looked at so often: a right that was taken back counts before the next second
REST_S = 0.1  # at most so long between two refreshes: ten a second, however many join
CURRENT_EVERY_S = 5.0
RETURN_WITHIN_S = 5.0  # a cut line may come back that long
DOUBTS_LAST = timedelta(seconds=30)
CONFIRM_WITHIN_S = 2.0  # from «revoked» to the endpoint's «deleted»
CLOSE_DENIED, CLOSE_REPLACED, CLOSE_ENDED = 4403, 4409, 4410
_TOLD = {"ended": "ended", "replaced": "replaced", "withdrawn": "withdrawn", "removed": "removed"}


class Hub:
    """Sockets of one conference in this process."""

    def __init__(self, conference_id: str) -> None:
        self.conference_id = conference_id
        self.members: dict[int, Member] = {}
        self.greetings = Greetings(conference_id)
        self._fan_out = FanOut()
        self._lost: dict[int, tuple[Member, float]] = {}  # endpoint id → its socket, and when the line was cut
        self._dismissed: dict[int, tuple[Member, float, int]] = {}  # … → socket, when it is closed, and with what
        self._owed: dict[int, tuple[Member, str]] = {}  # … → socket, and the leave that could not be recorded yet
        self._is_blind = False  # the database is away
        self._notes = Notes()
        self._handed: dict[int, int] = {}  # source id → the epoch whose key it was sent last
        self._wake = asyncio.Event()
        self._version = -1
        self._current_at = 0.0
        self._settled_at = self._hint_followed_at = 0.0
        self._is_hinted = False
        self._rests_until = 0.0
        self._wait_s = TICK_S

    @property
    def idle(self) -> bool:
        """Nothing to look after any more."""
        return not (self.members or self._lost or self._owed or self._dismissed or self._notes)

    def hint(self) -> None:
        """Something changed: look at the database now, and at what is due by it."""
        self._is_hinted = True
        self._wake.set()

    def wake(self) -> None:
        """Look at the database now."""
        self._wake.set()

    def take_in(self, member: Member) -> Member | None:
        """A new member; an earlier socket of the same endpoint is given back: it is over."""
        self._lost.pop(member.endpoint_id, None)
        earlier = self.members.get(member.endpoint_id)
        self.members[member.endpoint_id] = member
        return earlier

    async def greet(self, member: Member) -> None:
        """Write the member's ``welcome``, and tell it what changed since that was read, and what changes from then on.

        Raises:
            NotAdmitted: the membership is over.
            KMFUnavailable: no epoch is current.

        """
        member.greeted = False
        if await self.greetings.greet(member):
            self._note_handed([member], member.epoch)
        member.greeted, member.proved = True, False
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

    def owe_leave(self, member: Member, reason: str) -> None:
        """The member said goodbye: should the caller not get that recorded, a later tick does."""
        self._owed[member.endpoint_id] = (member, reason)

    def leave_recorded(self, member: Member) -> None:
        """Nothing is owed to the member any more."""
        self._owed.pop(member.endpoint_id, None)

    def note(self, event: str, member: Member, **details: Detail) -> None:
        """Put down what an endpoint said, for the next tick's audit row."""
        self._notes.add(event, [member.source_id], **details)

    def troubled(self, member: Member, code: str) -> None:
        """The member says what is wrong with its media."""
        for new in member.new_problems(code):
            self.note("media.problem", member, code=new)

    def installed(self, member: Member, epoch: int) -> None:
        """The member says that it holds an epoch's key."""
        for new in member.newly_said("installed", [epoch]):
            self.note("key.installed", member, epoch=new)

    def deleted(self, member: Member, epochs: list[int]) -> None:
        """The member says that it holds keys no more; one that was dismissed has said its last."""
        if new := member.newly_said("deleted", epochs):
            self.note("key.deleted", member, epochs=tuple(new))
        self.confirmed(member)

    async def run(self) -> None:
        """Tick until nobody is left. A database that is away stops nothing here: the next tick tries again."""
        while not self.idle:
            try:
                await self._tick()
            except (DatabaseError, KMFError):
                _log.warning("hub: the conference's state cannot be read now")
                self._wait_s, self._is_blind = TICK_S, True
            except Exception:  # noqa: BLE001  sockets without a hub would hear nothing for 30 s and not know why
                _log.exception("hub: a tick failed")
                self._wait_s = TICK_S
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), self._wait_s)
            self._wake.clear()
            await asyncio.sleep(max(0.0, self._rests_until - time.monotonic()))

    async def _tick(self) -> None:
        now = datetime.now(UTC)
        state = await self._follow(now)  # what is known already goes out first: a leaver is locked out by it
        self._see_again()
        if time.monotonic() - self._settled_at >= TICK_S or (state.rekey_due_at is not None and state.rekey_due_at <= now):
            self._settled_at = self._hint_followed_at = time.monotonic()
            self._is_hinted = False
            try:
                await self._end_silent(state, now)
                await for_hub(settle_if_due, conference_id=self.conference_id, now=now)
            except KMFUnavailable:  # sealed: what is due waits, and those who are in hear that the line is alive
                _log.warning("hub: no epoch can be opened now")
            state = await self._follow(now)
            self.greetings.forget_old()
            await self._record(now)
        elif self._is_hinted and time.monotonic() - self._hint_followed_at >= HINTS_APART_S:
            state = await self._follow_hint(now)
        due_at = state.rekey_due_at
        overdue = due_at is not None and due_at <= now  # it was tried just now: sealed
        self._wait_s = TICK_S if due_at is None or overdue else max(0.0, min(TICK_S, (due_at - now).total_seconds()))
        if self._is_hinted:
            self._wait_s = min(self._wait_s, HINTS_APART_S)
        if time.monotonic() - self._current_at >= CURRENT_EVERY_S:
            await self._send_current(now)
        await self._close_dismissed()

    async def _follow_hint(self, now: datetime) -> KeyState:
        """Settle what a change that was hinted at has made due."""
        self._is_hinted, self._hint_followed_at = False, time.monotonic()
        with suppress(KMFUnavailable):  # sealed: the next second's look says so
            await for_hub(settle_if_due, conference_id=self.conference_id, now=now)
        return await self._follow(now)

    async def _follow(self, now: datetime) -> KeyState:
        """Tell the sockets what changed since the last look; returns the state as it was read."""
        begun, known = time.monotonic(), self._version
        self._version = -2  # who is greeted from here on is looked at again: it sets another
        members = list(self.members.values())  # who comes during the read is not judged by it
        told = [member for member in members if member.greeted]
        after = min((member.number for member in told), default=0)
        try:
            refresh, state = await for_hub(reads.read_change, self.conference_id, known, after, now)
        except (DatabaseError, KMFError):
            self._version = -1
            raise
        if self._version != -1:
            self._version = known if refresh is None else refresh.version
        if refresh is not None:
            try:
                await self._refresh(refresh, members, told, now)
            except BaseException:
                self._version = -1  # somebody may not have been told: look again
                raise
            self._rests_until = time.monotonic() + min(REST_S, time.monotonic() - begun)  # half the time is others'
        return state

    def _see_again(self) -> None:
        """While the database was away nobody could come back: the time for it begins anew, as long as silence is."""
        if self._is_blind:
            self._is_blind = False
            self._current_at = 0.0  # at once
            since = time.monotonic() + SILENCE_S - RETURN_WITHIN_S
            self._lost = {endpoint_id: (member, since) for endpoint_id, (member, _) in self._lost.items()}

    async def _end_silent(self, state: KeyState, now: datetime) -> None:
        """Leaves that nobody said: cut lines after 5 s, silence, tokens not renewed. And those that were said in vain."""
        for member, reason in list(self._owed.values()):
            with suppress(ObjectDoesNotExist):  # gone with its conference
                await for_hub(leave, endpoint_id=member.endpoint_id, reason=reason, now=now, attached_at=member.attached_at)
            self.leave_recorded(member)
        monotonic = time.monotonic()
        over = [(member, "line_cut") for member, since in self._lost.values() if monotonic - since >= RETURN_WITHIN_S]
        over += silent(self.members.values(), monotonic=monotonic, now=now)
        if state.doubted_at is not None and now - state.doubted_at < DOUBTS_LAST:
            over += await self._doubts(monotonic, now)
        for member, reason in over:
            await for_hub(leave, endpoint_id=member.endpoint_id, reason=reason, now=now, attached_at=member.attached_at)
            self._lost.pop(member.endpoint_id, None)
            if self.members.get(member.endpoint_id) is member and await self._is_attached_elsewhere(member):
                self.said_goodbye(member)
                member.close(CLOSE_REPLACED)

    async def _doubts(self, monotonic: float, now: datetime) -> list[tuple[Member, str]]:
        """Who was reported gone: the next heartbeat decides, earlier than silence alone would."""
        reported = await for_hub(doubted_endpoints, self.conference_id)
        heard, over = weigh(reported, self.members, monotonic=monotonic, now=now)
        if heard:
            await for_hub(resolve_doubts, endpoint_ids=heard)
        return over

    async def _is_attached_elsewhere(self, member: Member) -> bool:
        """Whether the endpoint has a newer socket, at another process."""
        endpoint = await for_hub(present_endpoint, member.endpoint_id)
        return endpoint is not None and endpoint.connected_at != member.attached_at

    async def _refresh(self, refresh: reads.Refresh, members: list[Member], told: list[Member], now: datetime) -> None:
        self.greetings.outdated()
        gone = [m for m in members if refresh.closed or m.source_id not in refresh.present]
        gone = [m for m in gone if self.members.get(m.endpoint_id) is m]
        for member in gone:  # before anything can fail: whoever is out is closed in any case
            self.said_goodbye(member)
            code = CLOSE_ENDED if refresh.closed else CLOSE_DENIED
            self._dismissed[member.endpoint_id] = (member, time.monotonic() + CONFIRM_WITHIN_S, code)
        self._handed = {source_id: epoch for source_id, epoch in self._handed.items() if source_id in refresh.present}
        handed: list[Member] = []
        try:
            self._cut(await self._fan_out.tell([m for m in told if m.source_id in refresh.present], refresh, now, handed))
        finally:
            self._note_handed(handed, -1 if refresh.key is None else refresh.key.number)
        if refresh.sealed:
            self._version = -1  # the key is still owed
        for member in gone:
            await self._dismiss(member, closed=refresh.closed)

    def _note_handed(self, members: list[Member], epoch: int) -> None:
        """An epoch's key was written to these. Who comes back for it time and again fills no audit: once is enough."""
        new = [member.source_id for member in members if self._handed.get(member.source_id) != epoch]
        self._handed.update(dict.fromkeys(new, epoch))
        if new:
            self._notes.add("key.delivered", new, epoch=epoch)

    def _cut(self, slow: list[Member]) -> None:
        """Readers that do not keep up are closed and come back; nobody else waits for them."""
        for member in slow:
            self.line_cut(member)
            member.close(CLOSE_SLOW)

    async def _dismiss(self, member: Member, *, closed: bool) -> None:
        reason = "ended" if closed else await for_hub(leave_reason, self.conference_id, member.source_id)
        told = "ended" if closed else _TOLD.get(reason, "expired")
        code = {"ended": CLOSE_ENDED, "replaced": CLOSE_REPLACED}.get(told, CLOSE_DENIED)
        self._dismissed[member.endpoint_id] = (member, time.monotonic() + CONFIRM_WITHIN_S, code)
        member.tell("revoked", {"reason": told})

    def confirmed(self, member: Member) -> None:
        """The member said ``deleted``; one that was dismissed has nothing more to say."""
        dismissed = self._dismissed.pop(member.endpoint_id, None)
        if dismissed is not None:
            dismissed[0].close(dismissed[2])

    async def _close_dismissed(self) -> None:
        now = time.monotonic()
        for member, until, _code in list(self._dismissed.values()):
            if now >= until:
                self.confirmed(member)

    async def _send_current(self, now: datetime) -> None:
        self._current_at = time.monotonic()
        if not self.members:
            return
        current = await for_hub(reads.read_current, self.conference_id, now)
        self._cut(await self._fan_out.prove(list(self.members.values()), current))
        since = self._current_at - CURRENT_EVERY_S - 1  # who missed one heartbeat is not noted
        living = [member.endpoint_id for member in self.members.values() if member.heard_at > since]
        await for_hub(note_heartbeats, endpoint_ids=living, now=now)
        await for_hub(note_unreached, conference_id=self.conference_id, now=now)

    async def _record(self, now: datetime) -> None:
        if not self._notes:
            return
        taken = self._notes.take()
        try:
            await for_hub(reads.record_notes, self.conference_id, taken, now)
        except BaseException:
            self._notes.give_back(taken)
            raise
