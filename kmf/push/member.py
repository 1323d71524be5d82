"""One connected endpoint, as its hub sees it."""

import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from kmf.crypto.agreement import wrap_ekt_key
from kmf.crypto.secret_bytes import SecretBytes
from kmf.push.wire import Wire
from protocol import base64url

Close = Callable[[int], None]
CLOSE_SLOW = 4408
PROBLEM = re.compile(r"[a-z_]{1,40}")
MOST_PROBLEMS = 16
HIGH_WATER_BYTES = 2 * 1024 * 1024  # a welcome to a thousand is a sixth of it


@dataclass(frozen=True)
class EpochKey:
    """The current epoch with its key unsealed, for the wraps of one refresh."""

    number: int
    spi: int
    key_id: str
    expires_at: datetime
    reason: str
    ekt_key: SecretBytes

    def ttl_s(self, now: datetime) -> int:
        """Whole seconds that the key still has."""
        return max(0, int((self.expires_at - now).total_seconds()))


@dataclass
class Member:
    """A socket with the endpoint behind it.

    ``seq`` counts what it was sent, ``number`` and ``epoch`` are those it was told. Until ``greeted`` the hub keeps still.
    ``close`` closes in order and waits for nothing.
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
    wire: Wire
    close: Close
    greeted: bool = False
    proved: bool = False  # has had a ``current`` since it was greeted
    seq: int = 0
    number: int = 0
    epoch: int = 0
    heard_at: float = field(default_factory=time.monotonic)
    said: dict[str, int] = field(default_factory=dict)  # what it spoke of, by kind: a bit for each epoch
    problems: set[str] = field(default_factory=set)

    def newly_said(self, kind: str, epochs: list[int]) -> list[int]:
        """Those of ``epochs`` that it may speak of and has not spoken of: what it says fills no audit."""
        said = self.said.get(kind, 0)
        new = [epoch for epoch in dict.fromkeys(epochs) if epoch <= self.epoch and not said >> epoch & 1]
        for epoch in new:
            said |= 1 << epoch
        self.said[kind] = said
        return new

    def new_problems(self, code: str) -> list[str]:
        """``code`` where it is a code, has not been said before, and is among the first few of this socket."""
        if not PROBLEM.fullmatch(code) or code in self.problems or len(self.problems) >= MOST_PROBLEMS:
            return []
        self.problems.add(code)
        return [code]

    def message(self, kind: str, shared: bytes) -> bytes:
        """The next message: ``shared`` is the JSON of its members without the braces, the same for everybody."""
        self.seq += 1
        return b'{"type":"%s","seq":%d,%s}' % (kind.encode(), self.seq, shared)

    def write(self, payloads: list[bytes]) -> bool:
        """Write messages at once; False where the reader is too slow: then nothing was written and nothing more will be."""
        if self.wire.waiting_bytes > HIGH_WATER_BYTES:
            return False
        self.wire.write(payloads)
        return True

    def tell(self, kind: str, members: dict[str, Any]) -> bool:
        """Write one message of its own."""
        return self.write([self.message(kind, json.dumps(members, separators=(",", ":"))[1:-1].encode())])

    def key_members(self, key: EpochKey, now: datetime) -> bytes:
        """Members of ``rekey`` without the braces: the epoch's key wrapped for this member only."""
        wrapped = wrap_ekt_key(
            member_secret=self.member_secret,
            ekt_key=key.ekt_key,
            conference_id=self.conference_id,
            key_id=key.key_id,
            spi=key.spi,
            jkt=self.jkt,
        )
        text = (
            f'"epoch":{key.number},"spi":{key.spi},"key_id":"{key.key_id}","key":"{base64url.encode(wrapped)}",'
            f'"ttl":{key.ttl_s(now)},"reason":"{key.reason}"'
        )
        return text.encode()
