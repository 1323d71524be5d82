"""The push socket: authenticate, greet, pass what is said to the hub (docs/protocol.md section 5)."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.db import Error as DatabaseError

from kmf.authorization.addresses import network_of_socket
from kmf.authorization.services import Presented, VerifiedRequest
from kmf.errors import KMFError, KMFUnavailable, MessageTooLarge, NotAdmitted, Refused, TooManyMessages
from kmf.push.brake import brake_for
from kmf.push.gate import attached, verified_request
from kmf.push.hub import CLOSE_REPLACED, Hub
from kmf.push.member import Member
from kmf.push.messages import MESSAGE_LIMIT, installed_epoch, is_plain_heartbeat, parse_message
from kmf.push.registry import registry
from kmf.push.threads import for_hub, for_socket
from kmf.push.wire import Wire, wire_for
from kmf.services.attach import Attached
from kmf.services.presence import leave
from kmf.services.refusals import record_refusal
from protocol.errors import InvalidProof, InvalidToken, Malformed, NonceNeeded

HELLO_WITHIN_S = 5
MESSAGES_A_WINDOW, WINDOW_S = 100, 10
GOING_AWAY, DONE = 1001, 1000
CLOSE_WITHIN_S = 2.0
CLOSE_CODES = {
    "malformed": 4400,
    "invalid_token": 4401,
    "invalid_dpop_proof": 4401,
    "use_dpop_nonce": 4401,
    "too_large": 4413,
    "too_many": 4429,
}
CLOSE_REFUSED, CLOSE_AWAY = 4403, 4503  # Daphne sends no 1013


Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


async def events(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    """ASGI application of one push socket. Plain ASGI: a Channels consumer hops to a thread for every message."""
    if dict(scope["headers"]).get(b"origin", b"").decode("latin-1") != settings.ORIGINS.kmf:
        await receive()
        await send({"type": "websocket.close"})
        return
    await EventsSocket(scope, send).serve(receive)


class EventsSocket:
    """One endpoint's socket."""

    def __init__(self, scope: dict[str, Any], send: Send) -> None:
        self.conference_id: str = scope["url_route"]["kwargs"]["conference_id"]
        self.member: Member | None = None
        self.hub: Hub | None = None
        self._scope = scope
        self._send = send
        self._wire: Wire
        self._deadline: asyncio.TimerHandle
        self._closing: asyncio.Task[None] | None = None
        self._window_ends_at, self._heard = 0.0, 0

    async def serve(self, receive: Receive) -> None:
        """Accept; then 5 s for a ``hello``; then whatever comes, until the line is gone."""
        await receive()
        await self._send({"type": "websocket.accept"})
        self._wire = wire_for(self._send)
        self._wire.listen(self._hear_at_once)
        brake = brake_for(self._send)
        self._deadline = asyncio.get_running_loop().call_later(HELLO_WITHIN_S, self._close_without_hello)
        try:
            while (event := await receive())["type"] == "websocket.receive":
                if self._closing is None:
                    await self._receive(event.get("text"))
                if brake is not None:
                    brake.heard()
            await self._disconnected(event.get("code"))
        finally:
            self._deadline.cancel()
            if self.member is not None and self.hub is not None:  # cancelled: the server stops
                self.hub.line_cut(self.member)

    def _close_without_hello(self) -> None:
        if self.member is None:
            self.close(CLOSE_CODES["invalid_token"])

    def close(self, code: int) -> None:
        """Close with ``code`` after what was written; a reader that takes nothing is cut off after 2 s."""
        if self._closing is None:
            self._closing = asyncio.get_running_loop().create_task(self._close(code))

    async def _close(self, code: int) -> None:
        try:
            await asyncio.wait_for(self._written(code), CLOSE_WITHIN_S)
            await asyncio.sleep(CLOSE_WITHIN_S)
        except TimeoutError:
            pass
        except Exception:  # noqa: BLE001  a server may raise anything for a line that is gone
            return
        if self._wire.waiting_bytes:
            self._wire.abort()

    async def _written(self, code: int) -> None:
        while self._wire.waiting_bytes:  # noqa: ASYNC110  no server tells when its buffer is empty
            await asyncio.sleep(0.02)
        await self._send({"type": "websocket.close", "code": code})

    async def _receive(self, text: str | None) -> None:
        """One message; whatever is wrong with it closes this socket only."""
        try:
            message = parse_message(self._admissible(text))
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
        if not self._is_within_rate():
            raise TooManyMessages("too many messages")
        return text

    def _is_within_rate(self) -> bool:
        now = time.monotonic()
        if now >= self._window_ends_at:
            self._window_ends_at, self._heard = now + WINDOW_S, 0
        self._heard += 1
        return self._heard <= MESSAGES_A_WINDOW

    def _hear_at_once(self, payload: bytes) -> bool:
        """What members say most, by the shortest way; False: it is something else, or refused, and the long way says why."""
        member, hub = self.member, self.hub
        if member is None or hub is None or self._closing is not None or hub.members.get(member.endpoint_id) is not member:
            return False
        epoch = installed_epoch(payload)
        if (epoch is None and not is_plain_heartbeat(payload)) or not self._is_within_rate():
            return False
        member.heard_at = time.monotonic()
        if epoch is not None:
            hub.installed(member, epoch)
        return True

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
            hub.installed(member, message["epoch"])
        elif kind == "deleted":
            hub.deleted(member, message["epochs"])
        elif kind == "media" and message["problem"] is not None:
            hub.troubled(member, message["problem"])
        elif kind == "state":
            await hub.greet(member)
        elif kind == "renew":
            await self._renew(member, message)
        elif kind == "leaving":
            await self._leave("left")
            self.close(DONE)
        elif kind == "hello":
            raise Malformed("hello comes once")

    async def _hello(self, message: dict[str, Any]) -> None:
        self._deadline.cancel()  # said in time: how long we take to answer is not held against the endpoint
        verified = await self._verify(message)
        member = self._member(verified, await attached(self.conference_id, verified))
        hub = registry.hub(self.conference_id)
        self.member, self.hub = member, hub
        earlier = hub.take_in(member)
        if earlier is not None:
            earlier.close(CLOSE_REPLACED)
        await hub.greet(member)

    def _member(self, verified: VerifiedRequest, attached: Attached) -> Member:
        endpoint, secret = attached
        return Member(
            endpoint_id=endpoint.pk,
            source_id=int(endpoint.membership.source_id),
            identity=endpoint.membership.participant.identity,
            jkt=endpoint.jkt,
            conference_id=self.conference_id,
            account_id=endpoint.account_id,
            attached_at=endpoint.last_seen_at,
            member_secret=secret,
            token_expires_at=verified.token.expires_at.timestamp(),
            wire=self._wire,
            close=self.close,
        )

    async def _renew(self, member: Member, message: dict[str, Any]) -> None:
        verified = await self._verify(message)
        if (verified.token.jkt, verified.account.pk) != (member.jkt, member.account_id) or verified.token.claims.get(
            "conference"
        ) != self.conference_id:
            raise InvalidToken("renewal by another endpoint")
        member.token_expires_at = verified.token.expires_at.timestamp()

    async def _verify(self, message: dict[str, Any]) -> VerifiedRequest:
        return await verified_request(
            Presented(
                authorization=f"DPoP {message['token']}",
                proof=message["proof"],
                method="GET",
                url=f"{settings.ORIGINS.kmf}/conferences/{self.conference_id}/events",
                body=None,
                audience=settings.ORIGINS.kmf,
                now=datetime.now(UTC),
            )
        )

    async def _refuse(self, refusal: Malformed | InvalidToken | InvalidProof | KMFError) -> None:
        code = CLOSE_AWAY if isinstance(refusal, KMFUnavailable) else CLOSE_CODES.get(refusal.code, CLOSE_REFUSED)
        if isinstance(refusal, (InvalidToken, InvalidProof, Refused)) and not isinstance(refusal, NonceNeeded):
            await self._record(refusal)
        if code == CLOSE_REFUSED and self.member is None:
            self._wire.write([b'{"type":"denied","seq":1,"code":"%s"}' % refusal.code.encode()])
        self.close(code)

    async def _record(self, refusal: InvalidToken | InvalidProof | Refused) -> None:
        """Strangers write to the system's chain, at most so many rows a minute; the conference's chain is for its people."""
        known = self.conference_id if self.member is not None else None
        with suppress(DatabaseError, TooManyMessages):
            await for_socket(
                record_refusal,
                conference_id=known,
                where="socket",
                refusal=refusal,
                address=network_of_socket(self._scope),
                now=datetime.now(UTC),
            )

    async def _leave(self, reason: str) -> None:
        if self.member is None or self.hub is None:
            return
        member, self.member = self.member, None
        self.hub.said_goodbye(member)
        self.hub.owe_leave(member, reason)
        with suppress(DatabaseError):  # then the hub goes on trying
            now = datetime.now(UTC)
            await for_hub(leave, endpoint_id=member.endpoint_id, reason=reason, now=now, attached_at=member.attached_at)
            self.hub.leave_recorded(member)

    async def _disconnected(self, code: int | None) -> None:
        """1001 is a leave at once; anything else may be a cut line, which may come back within 5 s."""
        if code == GOING_AWAY:
            with suppress(DatabaseError, KMFError):  # the hub's clock has it otherwise
                await self._leave("closed")
        elif self.member is not None and self.hub is not None:
            member, self.member = self.member, None
            self.hub.line_cut(member)
