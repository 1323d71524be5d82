"""One endpoint's part in a VideoRoom: a handle to publish, a handle to subscribe.

Rooms are made on demand: whoever finds none makes it with the same random secrets, so a restarted Janus needs no repair.

Spec: Janus VideoRoom plugin documentation, "VideoRoom API".
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Self

from provider.errors import MDDRefused
from provider.mdd.feeds import Stream, parse_publishers
from provider.mdd.janus_session import JanusSession, Reply
from provider.mdd.listening import Place
from provider.mdd.room_key import room_admin_key

NO_SUCH_ROOM = 426
ROOM_EXISTS = 427
PUBLISHERS = 1000
VIDEO_BIT_PER_S = 2_000_000
BEST_TEMPORAL = 2


@dataclass(frozen=True, repr=False)
class RoomAccess:
    """What one endpoint's part needs: the room's random name, secret and PIN, its own token and feed."""

    room: str
    secret: str
    pin: str
    token: str
    feed: str


class ConferenceRoom:
    """Made by `enter`."""

    def __init__(self, session: JanusSession, access: RoomAccess, publisher: int, *, admin_key: str) -> None:
        self.session = session
        self.publisher = publisher
        self.subscriber: int | None = None
        self._access = access
        self._admin_key = admin_key
        self._private_id = 0
        self._publishing = False
        self.feed = access.feed
        self.published: list[dict[str, Any]] = []
        self.generation = 0  # of `published`
        self.feeds: dict[str, tuple[Stream, ...]] = {}

    @classmethod
    async def enter(cls, session: JanusSession, access: RoomAccess, *, api_secret: str) -> Self:
        """Enter the room, made if it is not there, as a publisher that does not publish yet.

        Raises:
            MDDGone: Janus is away or refuses.

        """
        room = cls(session, access, await session.attach(), admin_key=room_admin_key(api_secret))
        for attempt in range(3):
            await room._ensure()
            try:
                await room._join()
                break
            except MDDRefused as refused:  # the last one left and took the room away between the two
                if refused.number != NO_SUCH_ROOM or attempt == 2:  # noqa: PLR2004  third time
                    raise
        return room

    async def publish(self, sdp: str, tracks: Iterable[tuple[str, str]]) -> str:
        """Publish, or negotiate anew; ``tracks`` are (mid, track). Returns the answer's SDP."""
        descriptions = [{"mid": mid, "description": track} for mid, track in tracks]
        request = "configure" if self._publishing else "publish"
        body = {"request": request, "descriptions": descriptions, "bitrate": VIDEO_BIT_PER_S}
        reply = await self.session.request(self.publisher, body, kind="offer", sdp=sdp)
        if reply.sdp is None:
            raise MDDRefused(0)
        self._publishing = True
        self.published = reply.data.get("streams", [])
        self.generation += 1
        return reply.sdp

    async def forward(self, name: str, where: dict[str, Any]) -> None:
        """Have this feed's packets sent to another MDD too.

        Args:
            name: of the room there; names the forwarding here.
            where: ``host``, ``port`` and what else Janus' request ``publish_remotely`` takes.

        """
        body = {"request": "publish_remotely", "publisher_id": self.feed, "remote_id": name, "admin_key": self._admin_key}
        secret = {"room": self._access.room, "secret": self._access.secret}
        await self.session.request(self.publisher, body | secret | where)

    async def stop_forwarding(self, name: str) -> None:
        """Have nothing sent any more to the other MDD whose room is ``name``; there may be nothing to stop."""
        body = {"request": "unpublish_remotely", "publisher_id": self.feed, "remote_id": name}
        secret = {"room": self._access.room, "secret": self._access.secret}
        await self.session.request(self.publisher, body | secret)

    async def feeds_there(self) -> set[str]:
        """Feeds that are in the room now, those of other MDDs too."""
        return await feeds_in(self.session, self.publisher, self.name)

    async def take_away(self, feed: str) -> None:
        """Take a feed of another MDD out of the room."""
        body = {"request": "remove_remote_publisher", "room": self._access.room, "secret": self._access.secret, "id": feed}
        await self.session.request(self.publisher, body)

    @property
    def name(self) -> str:
        """The room's at its MDD."""
        return self._access.room

    @property
    def place(self) -> Place:
        """Where the feed is."""
        return Place(self.session, self.publisher, self._access.room, self._access.secret, self._admin_key)

    async def subscribe(self, added: Iterable[Stream], removed: Iterable[Stream]) -> Reply | None:
        """Change the subscription; returns Janus' reply if it brings an offer."""
        add, drop = ([{"feed": stream.feed, "mid": stream.mid} for stream in some] for some in (added, removed))
        if self.subscriber is None:
            self.subscriber = handle = await self.session.attach()
            body = {"request": "join", "ptype": "subscriber", "streams": add, "private_id": self._private_id}
            try:
                reply = await self.session.request(handle, body | self._room())
            except MDDRefused:
                self.subscriber = None
                raise
        else:
            change: dict[str, Any] = {"request": "update"}
            change |= {"subscribe": add} if add else {}
            change |= {"unsubscribe": drop} if drop else {}
            reply = await self.session.request(self.subscriber, change)
        return reply if reply.sdp is not None else None

    async def restart(self) -> Reply | None:
        """Ask for new ways to the endpoint for what it receives (ICE restart); returns Janus' reply if it brings an offer."""
        if self.subscriber is None:
            return None
        reply = await self.session.request(self.subscriber, {"request": "configure", "restart": True})
        return reply if reply.sdp is not None else None

    async def choose_layers(self, layers: Iterable[tuple[str, int]]) -> None:
        """Forward other layers of simulcast video, from the next key frame on; ``layers`` are (mid of the section, 0 … 2)."""
        streams = [{"mid": mid, "substream": layer, "temporal": BEST_TEMPORAL} for mid, layer in layers]
        if self.subscriber is not None and streams:
            await self.session.request(self.subscriber, {"request": "configure", "streams": streams})

    async def start(self, sdp: str) -> None:
        """Give Janus the answer to its offer."""
        if self.subscriber is not None:
            await self.session.request(self.subscriber, {"request": "start"}, kind="answer", sdp=sdp)

    async def leave(self, *, destroy: bool) -> None:
        """Take this endpoint's token back, or the whole room away; the caller closes the session."""
        secret = {"room": self._access.room, "secret": self._access.secret}
        body = {"request": "allowed", "action": "remove", "allowed": [self._access.token]}
        await self.session.request(self.publisher, (body if not destroy else {"request": "destroy"}) | secret)

    def _room(self) -> dict[str, Any]:
        return {"room": self._access.room, "pin": self._access.pin}

    async def _ensure(self) -> None:
        token = {"allowed": [self._access.token]}
        secret = {"room": self._access.room, "secret": self._access.secret}
        try:
            body = _NEW_ROOM | {"admin_key": self._admin_key, "pin": self._access.pin}
            await self.session.request(self.publisher, body | secret | token)
        except MDDRefused as refused:
            if refused.number != ROOM_EXISTS:
                raise
            body = {"request": "allowed", "action": "add"}
            await self.session.request(self.publisher, body | secret | token)

    async def _join(self) -> None:
        body = {"request": "join", "ptype": "publisher", "id": self._access.feed, "token": self._access.token}
        reply = await self.session.request(self.publisher, body | self._room())
        self._private_id = reply.data["private_id"]
        self.feeds = parse_publishers(reply.data.get("publishers", []))


async def feeds_in(session: JanusSession, handle: int, room: str) -> set[str]:
    """Feeds that are in a room now.

    Raises:
        MDDGone: the MDD is away, or has no such room.

    """
    reply = await session.request(handle, {"request": "listparticipants", "room": room})
    return {str(one["id"]) for one in reply.data["participants"]}


_NEW_ROOM: dict[str, Any] = {
    "request": "create",
    "permanent": False,
    "is_private": True,
    "description": "",
    "publishers": PUBLISHERS,
    "require_e2ee": True,
    "require_pvtid": True,
    "bitrate": VIDEO_BIT_PER_S,
    "videocodec": "vp8",
    "audiocodec": "opus",
    "opus_fec": False,
    "opus_dtx": False,
    # Header extensions travel in clear: these would tell who speaks, and how a device is held.
    "audiolevel_ext": False,
    "audiolevel_event": False,
    "videoorient_ext": False,
    "playoutdelay_ext": False,
    "transport_wide_cc_ext": True,
    "notify_joining": False,
    "record": False,
    "lock_record": True,
}
