"""Writing audit entries: in the transaction of the fact, or not at all (DESIGN section 11)."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from conferences.models import Conference, Organisation

EMPTY_HEAD = "0" * 64
# Written out: this is on the way of every key, and the ORM would take four statements and three times the time.
_LOCK = "SELECT number, head FROM conferences_auditchain WHERE chain = %s FOR NO KEY UPDATE"
_BEGIN = """
    INSERT INTO conferences_auditchain (chain, organisation_id, number, head) VALUES (%s, %s, 0, %s)
    ON CONFLICT (chain) DO NOTHING
"""
_APPEND = """
    WITH appended AS (
        INSERT INTO conferences_auditentry (chain, organisation_id, at, actor, number, event, body, previous, hash)
        SELECT %s, %s::bigint, entry.* FROM unnest(
            %s::timestamptz[], %s::varchar[], %s::bigint[], %s::varchar[], %s::text[], %s::varchar[], %s::varchar[]) AS entry
    )
    UPDATE conferences_auditchain SET number = %s, head = %s WHERE chain = %s
"""
_MEMBERS = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False)  # json.dumps makes one for each call
_DETAILS = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, sort_keys=True)


@dataclass(frozen=True, slots=True)
class Fact:
    """What happened: dotted event name in the past tense, its JSON details, and who caused it if not the actor of them all."""

    event: str
    details: dict[str, Any] = field(default_factory=dict)
    actor: str | None = None


@dataclass(frozen=True, order=True, slots=True)
class _Chain:
    """A chain, and the organisation that it belongs to, by id."""

    name: str
    owner: int | None


_Said = tuple[datetime, str, Fact]  # when, by whom, what
_gathered: ContextVar[dict[_Chain, list[_Said]] | None] = ContextVar("gathered", default=None)


def record(
    *,
    event: str,
    at: datetime,
    actor: str,
    conference: Conference | None = None,
    organisation: Organisation | None = None,
    details: dict[str, Any] | None = None,
) -> None:
    """Append one entry to the conference's chain, or to the organisation's where there is no conference.

    Args:
        event: dotted name in the past tense, for instance ``key.released``.
        at: UTC time of the fact.
        actor: identity that caused it, ``system``, or ``unknown``.
        conference: whose chain it joins.
        organisation: whose chain it joins where ``conference`` is None; neither: the chain ``system``.
        details: JSON values; never a key, token or proof.

    Raises:
        RuntimeError: called outside a transaction.

    """
    record_all(facts=[Fact(event, details or {})], at=at, actor=actor, conference=conference, organisation=organisation)


def record_all(
    *,
    facts: Sequence[Fact],
    at: datetime,
    actor: str,
    conference: Conference | None = None,
    organisation: Organisation | None = None,
) -> None:
    """Append several entries of one moment to one chain, in this order, under one lock; else as ``record``.

    ``actor`` is that of every fact without one of its own.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("an audit entry is written in the transaction of its fact")
    owner = conference.organisation_id if conference else organisation.pk if organisation else None
    chain = _Chain(chain_name(conference=conference, organisation=organisation), owner)
    said = [(at, fact.actor or actor, fact) for fact in facts]
    gathered = _gathered.get()
    if gathered is None:
        _write(chain, said)
    else:
        gathered.setdefault(chain, []).extend(said)


@contextmanager
def one_write() -> Iterator[None]:
    """A transaction whose entries are written at its end, those of a chain together: else they would be one by one.

    Not around anything that is undone by itself: what was recorded there would be written.

    Raises:
        RuntimeError: within another one.

    """
    if _gathered.get() is not None:
        raise RuntimeError("one write within another")
    with transaction.atomic():
        gathered: dict[_Chain, list[_Said]] = {}
        before = _gathered.set(gathered)
        try:
            yield
        finally:
            _gathered.reset(before)
        if not transaction.get_rollback():
            for chain in sorted(gathered):
                _write(chain, gathered[chain])


def _write(chain: _Chain, said: Sequence[_Said]) -> None:
    # Two statements, whatever the number of facts:
    #   1. lock the chain's head and read it
    #   2. insert the entries and move the head
    with connection.cursor() as cursor:
        # (1)
        number, head = _lock_head(cursor, chain)
        rows = []
        for at, actor, fact in said:
            number += 1
            body = entry_body(chain=chain.name, number=number, at=at, event=fact.event, actor=actor, details=fact.details)
            previous, head = head, entry_hash(head, body)
            rows.append((at, actor, number, fact.event, body, previous, head))
        # (2)
        columns = [list(column) for column in zip(*rows, strict=True)]  # in the order of _APPEND
        cursor.execute(_APPEND, [chain.name, chain.owner, *columns, number, head, chain.name])


def _lock_head(cursor: CursorWrapper, chain: _Chain) -> tuple[int, str]:
    """Number and hash of the chain's last entry; the chain's row is locked until the transaction ends."""
    cursor.execute(_LOCK, [chain.name])
    if (found := cursor.fetchone()) is None:
        cursor.execute(_BEGIN, [chain.name, chain.owner, EMPTY_HEAD])
        cursor.execute(_LOCK, [chain.name])
        found = cursor.fetchone()
    number, head = found
    return number, head


def chain_name(*, conference: Conference | None = None, organisation: Organisation | None = None) -> str:
    """Name of the chain: the conference's id, ``organisation:{slug}``, or ``system``."""
    if conference is not None:
        return conference.id
    return f"organisation:{organisation.slug}" if organisation is not None else "system"


def entry_body(*, chain: str, number: int, at: datetime, event: str, actor: str, details: dict[str, Any]) -> str:
    """Text of an entry that is hashed: compact JSON, members in this order, details by rising name."""
    head = _MEMBERS.encode({"chain": chain, "number": number, "at": at.isoformat(), "event": event, "actor": actor})
    return f'{head[:-1]},"details":{_DETAILS.encode(details)}}}'


def entry_hash(previous: str, body: str) -> str:
    """Hex SHA-256 over the predecessor's hash (64 hex characters) and the body's UTF-8 bytes."""
    return hashlib.sha256(previous.encode() + body.encode()).hexdigest()
