"""Hears whether an MDD gets a feed's packets: for a moment it sends them here, too.

Nothing of them is kept, and nothing could be read: what is inside is encrypted end to end.

Spec: Janus VideoRoom plugin documentation, "rtp_forward".
"""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

from provider.errors import MDDGone
from provider.mdd.janus_session import JanusSession


@dataclass(frozen=True, repr=False)
class Place:
    """Where a feed is: a room at an MDD, and what its requests need."""

    session: JanusSession
    handle: int
    room: str
    secret: str
    admin_key: str


class _Ear(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.heard = asyncio.Event()

    def datagram_received(self, data: bytes, addr: Any) -> None:
        del data, addr
        self.heard.set()


@asynccontextmanager
async def packets_at(place: Place, feed: str, mids: Iterable[str]) -> AsyncIterator[asyncio.Event]:
    """Set with the first packet of the streams ``mids`` of ``feed`` that ``place`` gets from now on.

    Raises:
        MDDGone: the MDD is away or refuses.

    """
    loop = asyncio.get_running_loop()
    host = place.session.local_host
    transport, ear = await loop.create_datagram_endpoint(_Ear, local_addr=(host, 0))
    about = {"room": place.room, "secret": place.secret, "admin_key": place.admin_key, "publisher_id": feed}
    begun: list[int] = []
    try:
        streams = [{"mid": mid, "port": transport.get_extra_info("sockname")[1]} for mid in mids]
        body = {"request": "rtp_forward", "host": host, "streams": streams}
        reply = await place.session.request(place.handle, body | about)
        begun = [int(one["stream_id"]) for one in reply.data["forwarders"]]
        yield ear.heard
    except asyncio.CancelledError:
        begun = []  # the feed is about to end, and they with it: nobody waits for that
        raise
    finally:
        for stream in begun:
            with suppress(MDDGone):  # it ends with the feed
                await place.session.request(place.handle, {"request": "stop_rtp_forward", "stream_id": stream} | about)
        transport.close()
