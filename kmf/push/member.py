"""One connected endpoint, as its hub sees it."""

import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from kmf.crypto.agreement import wrap_ekt_key
from kmf.crypto.secret_bytes import SecretBytes
from protocol import base64url

Send = Callable[[str], Awaitable[None]]
Close = Callable[[int], Awaitable[None]]


@dataclass(frozen=True)
class EpochKey:
    """The current epoch with its key unsealed, for the wraps of one refresh."""

    number: int
    spi: int
    key_id: str
    ttl_s: int
    reason: str
    ekt_key: SecretBytes


@dataclass
class Member:
    """A socket with the endpoint behind it.

    ``seq`` counts what it was sent, ``number`` and ``epoch`` are those it was told. Until ``greeted`` the hub keeps still.
    """

    endpoint_id: int
    source_id: int
    identity: str
    jkt: str
    conference_id: str
    account_id: str
    attached_at: datetime
    member_secret: SecretBytes
    token_expires_at: float  # seconds since 1970
    send_text: Send
    close: Close
    greeted: bool = False
    seq: int = 0
    number: int = 0
    epoch: int = 0
    heard_at: float = field(default_factory=time.monotonic)

    async def send(self, kind: str, members: dict[str, Any]) -> None:
        """Send one message with the socket's next ``seq``."""
        self.seq += 1
        message = {"type": kind, "seq": self.seq, **members}
        await self.send_text(json.dumps(message, separators=(",", ":")))

    def key_message(self, key: EpochKey) -> dict[str, Any]:
        """The epoch's key wrapped for this member only, as in ``rekey``."""
        wrapped = wrap_ekt_key(
            member_secret=self.member_secret,
            ekt_key=key.ekt_key,
            conference_id=self.conference_id,
            key_id=key.key_id,
            spi=key.spi,
            jkt=self.jkt,
        )
        return {
            "epoch": key.number,
            "spi": key.spi,
            "key_id": key.key_id,
            "key": base64url.encode(wrapped),
            "ttl": key.ttl_s,
            "reason": key.reason,
        }
