"""Nonces of the server, for endpoints whose clock is wrong: a proof that carries one is of this moment, whatever its ``iat``.

They are made from a secret and the time and remembered nowhere; every process that has the secret takes them.

Spec: RFC 9449 sections 8, 9, 11.3.
"""

import hashlib
import hmac
from datetime import UTC, datetime
from typing import Final

from protocol import base64url
from protocol.errors import Malformed, NonceNeeded

SLOT_S: Final = 150  # a nonce is good in the slot that it was made in and in the next: 150 to 300 s
_SLOT_BYTES, _TAG_BYTES = 8, 16


class Nonces:
    """Makes and takes nonces under one secret (32 bytes). No repr: it holds the secret."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def __repr__(self) -> str:
        return "Nonces()"

    def make(self, now: datetime) -> str:
        """Nonce of this moment: base64url of 24 bytes."""
        slot = _slot(now).to_bytes(_SLOT_BYTES, "big")
        return base64url.encode(slot + self._tag(slot))

    def good_until(self, nonce: str, now: datetime) -> datetime:
        """When ``nonce``, which is good ``now``, will be no longer.

        Raises:
            NonceNeeded: it is not ours, or of another time.

        """
        try:
            raw = base64url.decode(nonce, _SLOT_BYTES + _TAG_BYTES)
        except Malformed:
            raise NonceNeeded("nonce is not ours") from None
        slot, tag = raw[:_SLOT_BYTES], raw[_SLOT_BYTES:]
        if not hmac.compare_digest(tag, self._tag(slot)):
            raise NonceNeeded("nonce is not ours")
        made_in = int.from_bytes(slot, "big")
        # One slot ahead: made by another server, whose clock is a little faster.
        if not -1 <= _slot(now) - made_in <= 1:
            raise NonceNeeded("nonce is not of this moment")
        return datetime.fromtimestamp((made_in + 2) * SLOT_S, tz=UTC)

    def _tag(self, slot: bytes) -> bytes:
        return hmac.new(self._secret, slot, hashlib.sha256).digest()[:_TAG_BYTES]


def _slot(now: datetime) -> int:
    return int(now.timestamp()) // SLOT_S
