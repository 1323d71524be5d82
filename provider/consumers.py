"""The signalling socket ``{provider}/conferences/{handle}/signalling`` (docs/protocol.md section 7)."""

import asyncio
import logging
import time
from typing import Any

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.db import DatabaseError
from django.utils import timezone

from provider.errors import MDDGone, ProviderError, TooMany
from provider.mdd.conference_room import ConferenceRoom, RoomAccess
from provider.mdd.janus_session import JanusSession
from provider.mdd.pool import find_mdd
from provider.models import Seat
from provider.services.seats import end_seat, open_seat
from provider.signalling.cascade import Cascade
from provider.signalling.hub import HUB
from provider.signalling.messages import Bye, Hello, parse
from provider.signalling.outbox import Outbox
from provider.signalling.rate_limit import RateLimit
from provider.signalling.session import SignallingSession
from provider.signalling.waiting import WAITING
from provider.signalling.way_in import watch_way_in

HELLO_S = 5
LEAVE_LOST_S = 0.5  # an MDD that is given up may hang, and its endpoints wait for their sockets' end to join elsewhere
CLOSE_CODES = {
    "malformed": 4400,
    "invalid_token": 4401,
    "evicted": 4403,
    "too_slow": 4408,
    "replaced": 4409,
    "closed": 4410,
    "too_large": 4413,
    "too_many": 4429,
    "mdd_gone": 4503,
    "unavailable": 4503,
}
logger = logging.getLogger(__name__)


class SignallingConsumer(AsyncWebsocketConsumer):
    """One endpoint. Reasons end up in the log without pseudonym or handle."""

    seat: Seat | None = None
    session: SignallingSession | None = None
    janus: JanusSession | None = None
    room: ConferenceRoom | None = None
    cascade: Cascade | None = None
    ended = True  # until connected
    opening = False

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one socket; however that ends, the seat is given back."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            await self.end(None)

    async def connect(self) -> None:
        """Accept; nothing is known of the endpoint before its ``hello``."""
        try:
            WAITING.add(self)
        except TooMany as error:
            logger.info("signalling refused: %s", error.reason)
            await self.close()
            return
        self.ended = False
        self.limit = RateLimit()
        watch_way_in(self.base_send, self._cut)
        self.ending: set[asyncio.Task[None]] = set()
        self.outbox = Outbox(lambda text: self.send(text_data=text), lambda: self.end_soon("too_slow"))
        self.hello_timer = asyncio.get_running_loop().call_later(HELLO_S, self.end_soon, "invalid_token")
        await self.accept()

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Take one frame."""
        del bytes_data  # parse refuses what is no text
        if self.ended:
            return
        try:
            self.limit.check(time.monotonic())
            await self._take(text_data)
        except ProviderError as error:
            logger.info("signalling ended: %s", error.reason)
            if isinstance(error, MDDGone):
                HUB.suspect()
            await self.end(error.code)
        except DatabaseError:
            logger.exception("signalling ended: the database is away")
            await self.end("unavailable")
        except Exception:
            logger.exception("signalling ended: not foreseen")
            await self.end("unavailable")

    def _cut(self, error: ProviderError) -> None:
        logger.info("signalling ended: %s", error.reason)
        self.end_soon(error.code)

    async def disconnect(self, code: int) -> None:
        """Give the seat back."""
        del code
        await self.end(None)

    async def _take(self, text: str | None) -> None:
        message = parse(text)
        if isinstance(message, Bye):
            await self.end("left")
        elif self.session is not None:
            await self.session.take(message)
        elif isinstance(message, Hello):
            await self._open(message.ticket)
        else:
            await self.end("invalid_token")

    async def _open(self, ticket: str) -> None:
        self.hello_timer.cancel()
        self.opening = True
        try:
            await self._take_seat(ticket)
            await self._enter_room()
        finally:
            self.opening = False
            if self.ended:  # the seat ended meanwhile: what was opened since is given back too
                await self._give_back("lost")

    async def _take_seat(self, ticket: str) -> None:
        handle = self.scope["url_route"]["kwargs"]["handle"]
        self.seat = await database_sync_to_async(open_seat)(handle=handle, ticket=ticket, now=timezone.now())
        WAITING.remove(self)
        HUB.wake()  # an earlier seat of the same endpoint may be in this process
        if not self.ended:
            HUB.add(self.seat.id, self.end_soon)

    async def _enter_room(self) -> None:
        seat = self.seat
        part = None if seat is None else seat.part
        if self.ended or seat is None or part is None:
            return
        mdd = find_mdd(part.mdd)
        api_secret = mdd.api_secret()
        self.janus = await JanusSession.open(url=mdd.url, api_secret=api_secret)
        self.janus.on_gone = self._mdd_gone
        if self.ended:
            return
        access = RoomAccess(part.mdd_room, part.secret, part.pin, seat.mdd_token, seat.feed)
        self.room = await ConferenceRoom.enter(self.janus, access, api_secret=api_secret)
        if self.ended:
            return
        self.session = SignallingSession(self.room, self.outbox.put, self._mdd_gone)
        self.cascade = Cascade(self.room)
        HUB.share(seat.id, self.cascade)
        self.session.welcome(seat.feed)

    def _mdd_gone(self) -> None:
        HUB.suspect()
        self.end_soon("mdd_gone")

    def end_soon(self, code: str) -> None:
        """End from where nobody can wait."""
        task = asyncio.ensure_future(self.end(code))
        self.ending.add(task)
        task.add_done_callback(self.ending.discard)

    async def end(self, code: str | None) -> None:
        """End once: tell why (None: the socket is gone already), give back seat and room, close."""
        if self.ended:
            return
        self.ended = True
        self.hello_timer.cancel()
        WAITING.remove(self)
        if code not in (None, "left"):
            self.outbox.put({"type": "gone", "code": code})
        await self._give_back(code)  # first of all: who reads slowly must not keep his media for it
        if code is not None:
            await self.outbox.close()
            await self.close(code=CLOSE_CODES.get(code, 1000))
        else:
            self.outbox.cancel()

    async def _give_back(self, code: str | None) -> None:
        empty = False
        try:
            if self.seat is not None:
                HUB.remove(self.seat.id)
                mdd_room = self.seat.part.mdd_room if self.seat.part is not None else ""
                ending = database_sync_to_async(end_seat)
                empty = await ending(seat_id=self.seat.id, mdd_room=mdd_room, reason=code or "lost", now=timezone.now())
        except Exception:
            logger.exception("a seat could not be ended")  # it ends when it was not seen for a while
        finally:
            if not self.opening:  # else `_open` does it when it has what there is to give back
                await self._leave_room(destroy=empty, patience_s=LEAVE_LOST_S if code == "mdd_gone" else None)

    async def _leave_room(self, *, destroy: bool, patience_s: float | None) -> None:
        if self.janus is None:
            return
        if self.cascade is not None:
            await self.cascade.close()
        try:
            if self.room is not None:
                async with asyncio.timeout(patience_s):
                    await self.room.leave(destroy=destroy)
        except (MDDGone, TimeoutError):
            pass  # the session ends with it
        except Exception:
            logger.exception("a room could not be left")
        finally:
            await self.janus.close()
