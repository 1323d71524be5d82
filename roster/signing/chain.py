"""Bodies of roster statements and the chain they form (docs/protocol.md section 4)."""

import hashlib
from dataclasses import dataclass
from typing import Any

from protocol import base64url

EMPTY_HEAD = bytes(32)
LIFETIME_S = 15  # how long a statement speaks for the present


@dataclass(frozen=True)
class Entry:
    """One endpoint as the roster names it; ``identity_key`` is 32 bytes, times are whole seconds, 0 for never."""

    source_id: int
    identity_key: bytes
    name: str
    identity: str
    verified_by: str
    role: str
    kind: str
    since: int
    invited_by: str
    admitted_by: str = ""
    admitted_at: int = 0

    def members(self) -> dict[str, Any]:
        """Members in the order of the wire."""
        return {
            "source_id": self.source_id,
            "identity_key": base64url.encode(self.identity_key),
            "name": self.name,
            "identity": self.identity,
            "verified_by": self.verified_by,
            "role": self.role,
            "kind": self.kind,
            "since": self.since,
            "invited_by": self.invited_by,
            "admitted_by": self.admitted_by,
            "admitted_at": self.admitted_at,
        }


@dataclass(frozen=True)
class Position:
    """Where the conference stands: chain number and head (32 bytes), epoch and SPI, time in whole seconds."""

    conference_id: str
    number: int
    head: bytes
    epoch: int
    spi: int
    now: int


def head_after(delta_body: bytes) -> bytes:
    """Chain head after a delta: SHA-256 of its body."""
    return hashlib.sha256(delta_body).digest()


def delta_members(*, at: Position, cause: str, joined: list[Entry], left: list[tuple[int, str]]) -> dict[str, Any]:
    """Body of delta ``at.number``; ``at.head`` is the head before it."""
    return {
        "kind": "delta",
        "conference": at.conference_id,
        "number": at.number,
        "previous": base64url.encode(at.head),
        **_epoch_and_time(at),
        "cause": cause,
        "joined": [entry.members() for entry in joined],
        "left": [{"source_id": source_id, "reason": reason} for source_id, reason in left],
    }


def snapshot_members(*, at: Position, endpoints: list[Entry]) -> dict[str, Any]:
    """Body of a snapshot: everybody present after delta ``at.number``."""
    return {**_standing("snapshot", at), "endpoints": [entry.members() for entry in endpoints]}


def current_members(*, at: Position) -> dict[str, Any]:
    """Body of a ``current``: proof of the present for 15 s."""
    return _standing("current", at)


def _standing(kind: str, at: Position) -> dict[str, Any]:
    return {
        "kind": kind,
        "conference": at.conference_id,
        "number": at.number,
        "head": base64url.encode(at.head),
        **_epoch_and_time(at),
    }


def _epoch_and_time(at: Position) -> dict[str, int]:
    return {"epoch": at.epoch, "spi": at.spi, "issued_at": at.now, "expires_at": at.now + LIFETIME_S}
