"""Welcomes: one signed snapshot serves everybody whom it names, and one read those who wait for it together."""

import asyncio
import time
from datetime import UTC, datetime

from kmf.errors import KMFUnavailable, NotAdmitted
from kmf.push.member import Member
from kmf.push.state import Welcome, read_welcome
from kmf.push.threads import for_socket

KEPT_S = 2.0  # the epoch's key lies open in it: not longer than a burst of hellos needs


class Greetings:
    """The welcome of one conference, kept while it is true."""

    def __init__(self, conference_id: str) -> None:
        self._conference_id = conference_id
        self._kept: Welcome | None = None
        self._kept_at = 0.0
        self._turn = asyncio.Lock()

    def outdated(self) -> None:
        """The conference changed."""
        self._kept = None

    def forget_old(self) -> None:
        """Drop it after its time."""
        if time.monotonic() - self._kept_at > KEPT_S:
            self._kept = None

    async def greet(self, member: Member) -> bool:
        """Write the member's ``welcome``; whether it had a line to go by. The hub tells it what changed since that was read.

        Raises:
            NotAdmitted: the membership is over.
            KMFUnavailable: no epoch is current.

        """
        asked_at = time.monotonic()
        async with self._turn:
            welcome = self._kept
            if welcome is None or not self._serves(member, welcome, asked_at):
                read_at = time.monotonic()
                welcome = self._kept = await for_socket(read_welcome, self._conference_id, datetime.now(UTC))
                self._kept_at = read_at
        if welcome.closed or member.source_id not in welcome.present:
            raise NotAdmitted("membership is over")
        if welcome.key is None:
            raise KMFUnavailable("no current epoch")
        member.number, member.epoch = welcome.number, welcome.key.number
        key = member.key_members(welcome.key, datetime.now(UTC))
        shared = b'"source_id":%d,%s,"key":{%s}' % (member.source_id, welcome.statements, key)
        return member.wire.is_open and member.write([member.message("welcome", shared)])

    def _serves(self, member: Member, welcome: Welcome, asked_at: float) -> bool:
        """Read after the member asked; or young enough, and it names the member and holds a living key."""
        if self._kept_at >= asked_at:
            return True
        young = asked_at - self._kept_at <= KEPT_S
        return young and not welcome.closed and member.source_id in welcome.present and welcome.key is not None
