"""A feed shown at another MDD besides its own: a "remote publisher" there, to which its own MDD sends what it gets.

Between the MDDs the packets travel as SRTP under a key of this feed's own; what is inside stays encrypted end to end.

Spec: Janus VideoRoom plugin documentation, "Remote publishers".
"""

import asyncio
import base64
import ipaddress
import secrets
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, ClassVar, Self
from urllib.parse import urlsplit

from provider.errors import MDDGone, MDDRefused
from provider.mdd.conference_room import ConferenceRoom, feeds_in
from provider.mdd.janus_session import JanusSession
from provider.mdd.listening import Place, packets_at
from provider.mdd.room_key import room_admin_key

SRTP_TAG_BITS = 80
SRTP_KEY_BYTES = 30  # AES-128 key and salt
HEAR_S = 2.0
_STREAM_MEMBERS = ("type", "mindex", "mid", "codec", "description", "disabled", "stereo", "fec", "dtx", "simulcast")


@dataclass(frozen=True, repr=False)
class Target:
    """A room at another MDD: address and secret of its API, the room's name and secret there."""

    url: str
    api_secret: str
    room: str
    secret: str


class Forwarding:
    """Made by `begin`; lasts until `end`, or the feed's end at its own MDD.

    ``broken``: the line to the other MDD is gone, or the feed or its packets are not there any more. It does not come back by
    itself.
    """

    _heard_from: ClassVar[set[str]] = set()  # addresses of MDDs whose packets reached this process: their silence means something

    def __init__(self, home: ConferenceRoom, target: Target, session: JanusSession) -> None:
        self._home = home
        self._target = target
        self._session = session
        self._handle = 0
        self.broken = False
        session.on_gone = self._break

    @classmethod
    async def begin(cls, home: ConferenceRoom, target: Target) -> Self:
        """Show the feed of ``home`` at ``target``.

        Raises:
            MDDGone: one of the two is away or refuses, as it does before the first endpoint has made the room there.

        """
        session = await JanusSession.open(url=target.url, api_secret=target.api_secret)
        forwarding = cls(home, target, session)
        try:
            forwarding._handle = await session.attach()
            key = {
                "srtp_suite": SRTP_TAG_BITS,
                "srtp_crypto": base64.b64encode(secrets.token_bytes(SRTP_KEY_BYTES)).decode(),
            }
            more = {"streams": _streams(home.published), **_where_its_api_is(target.url), **key}
            made = await forwarding._ask("add_remote_publisher", **more)
            # Janus 1.1.2 does not say its address, whatever its documentation promises: it is where its API is.
            where = {"host": urlsplit(target.url).hostname, "port": made["port"], "rtcp_port": made["rtcp_port"]}
            await home.forward(target.room, where | key)
        except BaseException:
            # What stands there from before, under a key that nobody knows any more, is taken away with it: the next try succeeds.
            await forwarding.end(stays_at_home=True)
            raise
        return forwarding

    async def update(self) -> None:
        """The feed has other streams now.

        Raises:
            MDDGone: the other MDD is away or refuses.

        """
        try:
            await self._ask("update_remote_publisher", streams=_streams(self._home.published))
        except MDDRefused:
            self._break()
            raise

    async def check(self) -> None:
        """Look whether the feed is still shown there; it is ``broken`` where it is not.

        Raises:
            MDDGone: the other MDD is away.

        """
        try:
            there = await feeds_in(self._session, self._handle, self._target.room)
        except MDDRefused:  # the room is gone
            there = set()
        if self._home.feed not in there:
            self._break()

    async def loses_packets(self) -> bool:
        """Whether packets that its own MDD gets do not come there; then it is ``broken``.

        Raises:
            MDDGone: one of the two is away or refuses.

        """
        mids = [str(stream["mid"]) for stream in self._home.published if not stream.get("disabled")]
        place = Place(
            self._session, self._handle, self._target.room, self._target.secret, room_admin_key(self._target.api_secret)
        )
        async with packets_at(self._home.place, self._home.feed, mids) as sent, packets_at(place, self._home.feed, mids) as come:
            if not await _is_set(sent):
                return False  # microphone and camera are off
            if await _is_set(come):
                self._heard_from.add(self._target.url)
                return False
            lost = self._target.url in self._heard_from
            self.broken = self.broken or lost
            return lost

    async def end(self, *, stays_at_home: bool) -> None:
        """Take it away there; at home its sending ends with the feed, or now where that stays."""
        with suppress(MDDGone):
            if stays_at_home:
                await asyncio.gather(self._take_away(), self._home.stop_forwarding(self._target.room))
            else:
                await self._take_away()

    async def _take_away(self) -> None:
        with suppress(MDDGone):
            await self._ask("remove_remote_publisher")
        await self._session.close()

    def _break(self) -> None:
        self.broken = True

    async def _ask(self, request: str, **more: Any) -> dict[str, Any]:
        body = {"request": request, "room": self._target.room, "secret": self._target.secret, "id": self._home.feed}
        return (await self._session.request(self._handle, body | more)).data


async def _is_set(event: asyncio.Event) -> bool:
    with suppress(TimeoutError):
        await asyncio.wait_for(event.wait(), HEAR_S)
    return event.is_set()


def _where_its_api_is(url: str) -> dict[str, str]:
    """The address at which Janus listens for what it is sent; at all that it has where the API's is a name."""
    host = urlsplit(url).hostname or ""
    try:
        return {"iface": str(ipaddress.ip_address(host))}
    except ValueError:
        return {}


def _streams(published: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: stream[name] for name in _STREAM_MEMBERS if name in stream} for stream in published]
