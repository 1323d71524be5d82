"""The push socket: authenticate, greet, pass what is said to the hub (docs/protocol.md section 5)."""

import asyncio
import time
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from django.db import Error as DatabaseError

from kmf.authorization.services import verify_request
from kmf.errors import KMFError, KMFUnavailable, MessageTooLarge, NotAdmitted, Refused, TooManyMessages
from kmf.push import state as reads
from kmf.push.hub import CLOSE_REPLACED, Hub
from kmf.push.member import Member
from kmf.push.messages import MESSAGE_LIMIT, parse_message
from kmf.push.registry import registry
from kmf.services.attach import attach_endpoint
from kmf.services.presence import leave
from kmf.services.refusals import record_refusal
from protocol.errors import InvalidProof, InvalidToken, Malformed

HELLO_WITHIN_S = 5
MESSAGES_A_WINDOW, WINDOW_S = 100, 10
GOING_AWAY = 1001
CLOSE_CODES = {"malformed": 4400, "invalid_token": 4401, "invalid_dpop_proof": 4401, "too_large": 4413, "too_many": 4429}
CLOSE_REFUSED, CLOSE_AWAY = 4403, 4503  # Daphne sends no 1013


class EventsConsumer(AsyncWebsocketConsumer):  # type: ignore[misc]  # channels has no types
    """One endpoint's socket."""

    async def connect(self) -> None:
        """Only the endpoint page's own origin may open it; then 5 s for a ``hello``."""
        self.conference_id: str = self.scope["url_route"]["kwargs"]["conference_id"]
        self.member: Member | None = None
        self.hub: Hub | None = None
        self._window_ends_at, self._heard = 0.0, 0
        if dict(self.scope["headers"]).get(b"origin", b"").decode("latin-1") != settings.ORIGINS.kmf:
            await self.close()
            return
        await self.accept()
        self._deadline = asyncio.create_task(self._close_without_hello())

    async def _close_without_hello(self) -> None:
        await asyncio.sleep(HELLO_WITHIN_S)
        if self.member is None:
            await self.close(code=CLOSE_CODES["invalid_token"])

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:  # noqa: ARG002  channels' signature
        """One message; whatever is wrong with it closes this socket only."""
        try:
            message = parse_message(self._admissible(text_data))
            await self._handle(message)
        except (Malformed, InvalidToken, InvalidProof, KMFError) as refusal:
            await self._refuse(refusal)
        except DatabaseError:
            await self._refuse(KMFUnavailable("database away"))

    def _admissible(self, text: str | None) -> str:
        if text is None:
            raise Malformed("not a text message")
        if len(text) > MESSAGE_LIMIT:
            raise MessageTooLarge("message over its limit")
        now = time.monotonic()
        if now >= self._window_ends_at:
            self._window_ends_at, self._heard = now + WINDOW_S, 0
        self._heard += 1
        if self._heard > MESSAGES_A_WINDOW:
            raise TooManyMessages("too many messages")
        return text

    async def _handle(self, message: dict[str, Any]) -> None:
        kind = message["type"]
        if self.member is not None and self.hub is not None:
            await self._hear(kind, message, self.member, self.hub)
        elif kind == "hello":
            await self._hello(message)
        else:
            raise Malformed("hello comes first")

    async def _hear(self, kind: str, message: dict[str, Any], member: Member, hub: Hub) -> None:
        """What a member says. Once its membership is over, that is ``deleted`` and nothing else."""
        if kind != "deleted" and hub.members.get(member.endpoint_id) is not member:
            raise NotAdmitted("this socket's membership is over")
        member.heard_at = time.monotonic()
        if kind == "installed":
            hub.note("key.installed", member, epoch=message["epoch"])
        elif kind == "deleted":
            hub.note("key.deleted", member, epochs=message["epochs"])
            await hub.confirmed(member)
        elif kind == "media" and message["problem"] is not None:
            hub.note("media.problem", member, code=message["problem"][:40])
        elif kind == "state":
            await self._greet(member, hub)
        elif kind == "renew":
            await self._renew(member, message)
        elif kind == "leaving":
            await self._leave("left")
            await self.close(code=1000)
        elif kind == "hello":
            raise Malformed("hello comes once")

    async def _hello(self, message: dict[str, Any]) -> None:
        self._deadline.cancel()  # said in time: how long we take to answer is not held against the endpoint
        now = datetime.now(UTC)
        verified = await self._verify(message, now)
        endpoint, member_secret = await database_sync_to_async(attach_endpoint)(
            verified=verified, conference_id=self.conference_id, now=now
        )
        member = Member(
            endpoint_id=endpoint.pk,
            source_id=int(endpoint.membership.source_id),
            identity=endpoint.membership.participant.identity,
            jkt=endpoint.jkt,
            conference_id=self.conference_id,
            account_id=endpoint.account_id,
            attached_at=now,
            member_secret=member_secret,
            token_expires_at=verified.token.expires_at.timestamp(),
            send_text=lambda text: self.send(text_data=text),
            close=lambda code: self.close(code=code),
        )
        hub = registry.hub(self.conference_id)
        self.member, self.hub = member, hub
        earlier = hub.take_in(member)
        if earlier is not None:
            await earlier.close(CLOSE_REPLACED)
        await self._greet(member, hub)

    async def _greet(self, member: Member, hub: Hub) -> None:
        now = datetime.now(UTC)
        member.greeted = False
        greeting = await database_sync_to_async(reads.read_greeting)(self.conference_id, now)
        refresh = await database_sync_to_async(reads.read_refresh)(self.conference_id, greeting.number, now)
        if refresh.state.closed or member.source_id not in refresh.state.present:
            raise NotAdmitted("membership is over")
        if refresh.key is None:
            raise KMFUnavailable("no current epoch")
        member.number, member.epoch = greeting.number, refresh.key.number
        await member.send(
            "welcome",
            {
                "source_id": member.source_id,
                "policy": greeting.policy,
                "roster": greeting.snapshot,
                "key": member.key_message(refresh.key),
            },
        )
        hub.greeted(member)

    async def _renew(self, member: Member, message: dict[str, Any]) -> None:
        now = datetime.now(UTC)
        verified = await self._verify(message, now)
        if (verified.token.jkt, verified.account.pk) != (member.jkt, member.account_id) or verified.token.claims.get(
            "conference"
        ) != self.conference_id:
            raise InvalidToken("renewal by another endpoint")
        member.token_expires_at = verified.token.expires_at.timestamp()

    async def _verify(self, message: dict[str, Any], now: datetime) -> Any:
        return await database_sync_to_async(verify_request)(
            authorization=f"DPoP {message['token']}",
            proof=message["proof"],
            method="GET",
            url=f"{settings.ORIGINS.kmf}/conferences/{self.conference_id}/events",
            body=None,
            audience=settings.ORIGINS.kmf,
            now=now,
        )

    async def _refuse(self, refusal: Malformed | InvalidToken | InvalidProof | KMFError) -> None:
        code = CLOSE_AWAY if isinstance(refusal, KMFUnavailable) else CLOSE_CODES.get(refusal.code, CLOSE_REFUSED)
        if isinstance(refusal, (InvalidToken, InvalidProof, Refused)):
            await self._record(refusal)
        if code == CLOSE_REFUSED and self.member is None:
            await self.send(text_data=f'{{"type":"denied","seq":1,"code":"{refusal.code}"}}')
        await self.close(code=code)

    async def _record(self, refusal: InvalidToken | InvalidProof | Refused) -> None:
        """Strangers write to the system's chain, at most so many rows a minute; the conference's chain is for its people."""
        address = (self.scope.get("client") or ["unknown"])[0]
        known = self.conference_id if self.member is not None else None
        with suppress(DatabaseError, TooManyMessages):
            await database_sync_to_async(record_refusal)(
                conference_id=known, where="socket", refusal=refusal, address=address, now=datetime.now(UTC)
            )

    async def _leave(self, reason: str) -> None:
        if self.member is None or self.hub is None:
            return
        member, self.member = self.member, None
        self.hub.said_goodbye(member)
        self.hub.owe_leave(member, reason)
        with suppress(DatabaseError):  # then the hub goes on trying
            await database_sync_to_async(leave)(endpoint_id=member.endpoint_id, reason=reason, now=datetime.now(UTC))
            self.hub.leave_recorded(member)

    async def disconnect(self, code: int) -> None:
        """1001 is a leave at once; anything else may be a cut line, which may come back within 5 s."""
        if hasattr(self, "_deadline"):
            self._deadline.cancel()
        if self.member is None or self.hub is None:
            return
        if code == GOING_AWAY:
            await self._leave("closed")
        else:
            self.hub.line_cut(self.member)
