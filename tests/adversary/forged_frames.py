"""Frames and key fields that a participant makes with what he holds, outside any engine (docs/protocol.md section 6)."""

import secrets
from dataclasses import dataclass
from typing import Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.adversary.engine_bench import SOUND, Endpoint
from tests.simulators.person import HeldKey
from tests.twin import ekt
from tests.twin.frame import make_kid, seal_frame
from tests.twin.sframe import FrameKey, parse_header

SUITE = 5
LATE_CTR = 10_000


@dataclass(frozen=True)
class ForgedKey:
    """A sender key for ``source_id``, and the field that announces it."""

    frame_key: FrameKey
    full: ekt.FullField

    @classmethod
    def make(
        cls,
        *,
        held: HeldKey,
        conference_id: str,
        source_id: int,
        ekt_epoch: int,
        signer: Ed25519PrivateKey,
        wrapped_source_id: int | None = None,
    ) -> Self:
        """``wrapped_source_id``: the one inside the wrapped key, where it is another."""
        sender_key = secrets.token_bytes(32)
        plaintext = ekt.encode_plaintext(sender_key, source_id if wrapped_source_id is None else wrapped_source_id)
        field = ekt.encode_field(ekt_key=held.ekt_key, plaintext=plaintext, spi=held.spi, ekt_epoch=ekt_epoch)
        frame_key = FrameKey.from_base_key(sender_key, make_kid(source_id, held.spi, ekt_epoch), SUITE)
        return cls(frame_key, ekt.sign(signer, conference_id, field))

    @classmethod
    def by(cls, forger: Endpoint, source_id: int, ekt_epoch: int, *, wrapped_source_id: int | None = None) -> Self:
        """Signed by ``forger`` with his own identity key, under the EKT key that he holds."""
        return cls.make(
            held=forger.key,
            conference_id=forger.person.conference_id,
            source_id=source_id,
            ekt_epoch=ekt_epoch,
            signer=forger.person.identity,
            wrapped_source_id=wrapped_source_id,
        )

    def sound(self, *, tail: bytes | None = None, ctr: int = LATE_CTR) -> bytes:
        """A frame of the microphone; ``tail`` where it is another than this key's own."""
        return seal_frame(
            key=self.frame_key, ctr=ctr, track="mic", codec="opus", data=SOUND, tail=self.full.tail if tail is None else tail
        )


def field_of(frame: bytes) -> ekt.FullField:
    """The FullEKTField of a genuine frame."""
    _rest, full = ekt.parse_tail(frame)
    assert full is not None, "this frame announces nothing"
    return full


def ekt_epoch_of(frame: bytes) -> int:
    rest, _full = ekt.parse_tail(frame)
    return parse_header(rest).kid & 0xFFFF


def spi_of(frame: bytes) -> int:
    rest, _full = ekt.parse_tail(frame)
    return parse_header(rest).kid >> 16 & 0xFFFF
