"""One stay: the push socket from ``hello`` to the end (docs/protocol.md section 5), roster and epochs verified as they come."""

import json
import re
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from protocol import base64url, strict_json
from protocol.errors import ProtocolError
from room_endpoint.errors import Away, EndpointError, NotGenuine, Refused
from room_endpoint.keys import Agreement, ask_for_key
from room_endpoint.site import ANSWER_S, Device, Site, post
from room_endpoint.tokens import get_token
from roster.errors import RosterError
from roster.signing.held import HeldRoster

HEARTBEAT_S, RENEW_S, SILENT_S = 5, 240, 15
_MESSAGE_LIMIT = 4 * 2**20
_DENIED, _NOT_AUTHORIZED = 4403, 4401
_ROSTER_KEY = re.compile(r'data-roster-key="([A-Za-z0-9_-]{43})"')

Tell = Callable[[dict[str, Any]], object]


class Stay:
    """An endpoint in one conference. ``tell`` hears of every epoch and change, never of a key's bytes."""

    def __init__(self, site: Site, device: Device, conference_id: str, *, tell: Tell) -> None:
        self._site, self._device, self._conference_id, self._tell = site, device, conference_id, tell
        self._path = f"/conferences/{conference_id}/events"
        self._agreement: Agreement | None = None
        self._held: HeldRoster
        self._seq = self._epoch = 0
        self.leaves = False  # set from outside: say goodbye with the next beat

    def live(self, *, seconds: float | None = None) -> str:
        """Come in, stay, and leave properly; why it ended.

        Args:
            seconds: how long to stay; None: until ``leaves``, or the KMF ends it.

        Raises:
            Refused: no key.
            Away: the line is cut, or the KMF is away.
            NotGenuine: what came does not hold.

        """
        token = get_token(self._site, self._device, self._conference_id, resource=self._site.kmf)
        self._agreement, told = ask_for_key(self._site, self._device, self._conference_id, token)
        self._tell({"event": "released", "key_id": told.key_id, "spi": told.spi, "ttl_s": told.ttl_s})
        self._held = HeldRoster(key=self._roster_key(), conference_id=self._conference_id)
        until = None if seconds is None else time.monotonic() + seconds
        try:
            with self._line() as line:
                return self._attend(line, token, until)
        except EndpointError:
            raise
        except (OSError, WebSocketException, TimeoutError):
            raise Away("line_cut") from None
        finally:
            self._say_goodbye()

    # --- the line ----------------------------------------------------------------------------------------------------

    def _line(self) -> ClientConnection:
        sock = socket.create_connection(self._site.address, timeout=ANSWER_S)
        return connect(
            self._site.kmf.replace("http", "ws", 1) + self._path,
            sock=sock,
            origin=Origin(self._site.kmf),
            ssl=self._site.trust,
            server_hostname=urlsplit(self._site.kmf).hostname if self._site.is_secure else None,
            compression=None,
            proxy=None,
            max_size=_MESSAGE_LIMIT,
            open_timeout=ANSWER_S,
            close_timeout=2,
            ping_interval=None,
            legacy=True,
        )

    def _attend(self, line: ClientConnection, token: str, until: float | None) -> str:
        self._say(line, "hello", token=token, proof=self._proof(token))
        heard_at = beat_at = renewed_at = time.monotonic()
        while True:
            now = time.monotonic()
            if self.leaves or (until is not None and now >= until):
                self._say(line, "leaving")
                return "left"
            if now - heard_at > SILENT_S:
                raise Away("silent")
            if now - beat_at >= HEARTBEAT_S:
                self._say(line, "heartbeat", number=self._held.number)
                beat_at = now
            if now - renewed_at >= RENEW_S:
                token = get_token(self._site, self._device, self._conference_id, resource=self._site.kmf)
                self._say(line, "renew", token=token, proof=self._proof(token))
                renewed_at = now
            with suppress(TimeoutError):
                try:
                    reason = self._hear(line, str(line.recv(timeout=0.25)))
                except ConnectionClosed as closed:
                    raise _closed(closed.rcvd.code if closed.rcvd else None) from None
                heard_at = time.monotonic()
                if reason is not None:
                    return reason

    def _proof(self, token: str) -> str:
        return self._device.proof("GET", self._site.kmf + self._path, token=token)

    @staticmethod
    def _say(line: ClientConnection, kind: str, **members: Any) -> None:
        line.send(json.dumps({"type": kind, **members}))

    def _say_goodbye(self) -> None:
        """For a line that is cut, too: whoever left of himself is out at once. Nothing depends on the answer."""
        with suppress(EndpointError):
            path = f"/conferences/{self._conference_id}/leave"
            post(self._site, path, b"", {"DPoP": self._device.proof("POST", self._site.kmf + path)})

    # --- what is heard -----------------------------------------------------------------------------------------------

    def _hear(self, line: ClientConnection, text: str) -> str | None:
        """Take one message; a word where it ends the stay."""
        try:
            message = strict_json.parse(text.encode(), _MESSAGE_LIMIT)
            kind, seq = str(message["type"]), int(message["seq"])
            if seq != self._seq + 1 and kind != "welcome":
                self._seq = seq
                self._say(line, "state")
                return None
            self._seq = seq
            return self._take(line, kind, message)
        except (KeyError, TypeError, ValueError, ProtocolError):
            raise NotGenuine("malformed_message") from None
        except RosterError as refusal:
            raise NotGenuine(refusal.code) from None

    def _take(self, line: ClientConnection, kind: str, message: dict[str, Any]) -> str | None:
        at = int(datetime.now(UTC).timestamp())
        if kind == "welcome":
            self._held.take("policy", message["policy"], at=at)
            self._held.take("snapshot", message["roster"], at=at)
            self._tell_roster(message["source_id"])
            self._install(line, message["key"])
        elif kind == "rekey":
            self._install(line, message)
        elif kind == "roster":
            self._held.take("delta", message["delta"], at=at)
            self._tell_roster(None)
        elif kind == "current":
            self._held.take("current", message["current"], at=at)
        elif kind == "revoked":
            self._say(line, "deleted", epochs=[self._epoch])
            self._tell({"event": "revoked", "reason": str(message["reason"])})
            return str(message["reason"])
        elif kind == "denied":
            raise Refused(str(message["code"]))
        return None

    def _install(self, line: ClientConnection, key: dict[str, Any]) -> None:
        epoch, spi, key_id = int(key["epoch"]), int(key["spi"]), str(key["key_id"])
        if self._agreement is None or spi != epoch % 65536:
            raise NotGenuine("epoch_and_spi_differ")
        self._agreement.check(str(key["key"]), key_id=key_id, spi=spi)
        self._say(line, "installed", epoch=epoch)
        if epoch != self._epoch:
            self._epoch = epoch
            said = {"epoch": epoch, "spi": spi, "key_id": key_id, "ttl_s": int(key["ttl"]), "reason": str(key.get("reason", ""))}
            self._tell({"event": "epoch", **said})

    def _tell_roster(self, own: int | None) -> None:
        entries = [
            {"name": entry.name, "identity": entry.identity, "kind": entry.kind, "verified_by": entry.verified_by}
            for entry in self._held.entries.values()
        ]
        members = {"event": "roster", "number": self._held.number, "epoch": self._held.epoch, "endpoints": entries}
        self._tell(members if own is None else members | {"source_id": own})

    def _roster_key(self) -> Ed25519PublicKey:
        """The KMF's statement key, as its endpoint page names it: the origin is the root of trust."""
        try:
            with self._site.client() as client:
                page = client.get(f"/c/{self._conference_id}").text
        except httpx.HTTPError:
            raise Away("unreachable") from None
        found = _ROSTER_KEY.search(page)
        if found is None:
            raise NotGenuine("no_roster_key")
        return Ed25519PublicKey.from_public_bytes(base64url.decode(found[1]))


def _closed(code: int | None) -> EndpointError:
    if code in (_DENIED, _NOT_AUTHORIZED):
        return Refused("denied" if code == _DENIED else "invalid_token")
    return Away("line_cut")
