"""Writing one refresh to every socket of a hub: what is alike is made once, what is each one's own is a wrap and a number."""

import asyncio
from datetime import datetime

from kmf.push.member import Member
from kmf.push.state import Refresh

AT_ONCE = 100  # then the loop may do something else: ~3 ms


class FanOut:
    """Writes to members; each method gives back those that do not keep up."""

    async def tell(self, members: list[Member], refresh: Refresh, now: datetime, handed: list[Member]) -> list[Member]:
        """The rekey first, then the deltas that explain it, then proof of the present for those who had none.

        To whom the key was written is put into ``handed`` at once: it counts though a later one fails.
        """
        slow = []
        for count, member in enumerate(members, 1):
            if member.greeted and not self._tell(member, refresh, now, handed):
                slow.append(member)
            if count % AT_ONCE == 0:
                await asyncio.sleep(0)
        return slow

    def _tell(self, member: Member, refresh: Refresh, now: datetime, handed: list[Member]) -> bool:
        payloads = []
        is_rekeyed = refresh.key is not None and refresh.key.number > member.epoch
        if refresh.key is not None and is_rekeyed:
            payloads.append(member.message("rekey", member.key_members(refresh.key, now)))
            member.epoch = refresh.key.number
        for number, delta in refresh.deltas:
            if number > member.number:
                member.number = number
                payloads.append(member.message("roster", delta))
        if not member.proved:
            member.proved = True
            payloads.append(member.message("current", refresh.current))
        if not payloads:
            return True
        has_line = member.wire.is_open
        if not member.write(payloads):
            return False
        if is_rekeyed and has_line:
            handed.append(member)
        return True

    async def prove(self, members: list[Member], current: bytes) -> list[Member]:
        """The same ``current`` to everybody."""
        slow = []
        for count, member in enumerate(members, 1):
            if member.greeted and not self._prove(member, current):
                slow.append(member)
            if count % AT_ONCE == 0:
                await asyncio.sleep(0)
        return slow

    def _prove(self, member: Member, current: bytes) -> bool:
        member.proved = True
        return member.write([member.message("current", current)])
