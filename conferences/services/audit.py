"""Writing audit entries: in the transaction of the fact, or not at all (DESIGN section 11)."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection

from conferences.models import AuditChain, AuditEntry, Conference, Organisation

EMPTY_HEAD = "0" * 64


@dataclass(frozen=True, slots=True)
class Fact:
    """What happened: dotted event name in the past tense, and its JSON details."""

    event: str
    details: dict[str, Any] = field(default_factory=dict)


def record(
    *,
    event: str,
    at: datetime,
    actor: str,
    conference: Conference | None = None,
    organisation: Organisation | None = None,
    details: dict[str, Any] | None = None,
) -> AuditEntry:
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
    return record_all(facts=[Fact(event, details or {})], at=at, actor=actor, conference=conference, organisation=organisation)[0]


def record_all(
    *,
    facts: Sequence[Fact],
    at: datetime,
    actor: str,
    conference: Conference | None = None,
    organisation: Organisation | None = None,
) -> list[AuditEntry]:
    """Append several entries of one moment and actor to one chain, in this order, under one lock; else as ``record``."""
    if not connection.in_atomic_block:
        raise RuntimeError("an audit entry is written in the transaction of its fact")
    owner = conference.organisation if conference else organisation
    name = chain_name(conference=conference, organisation=organisation)
    AuditChain.objects.get_or_create(chain=name, defaults={"organisation": owner, "head": EMPTY_HEAD})
    chain = AuditChain.objects.select_for_update().get(chain=name)
    entries = [_next_entry(chain, fact, at=at, actor=actor, owner=owner) for fact in facts]
    AuditEntry.objects.bulk_create(entries, batch_size=500)
    chain.save(update_fields=["number", "head"])
    return entries


def chain_name(*, conference: Conference | None = None, organisation: Organisation | None = None) -> str:
    """Name of the chain: the conference's id, ``organisation:{slug}``, or ``system``."""
    if conference is not None:
        return conference.id
    return f"organisation:{organisation.slug}" if organisation is not None else "system"


def _next_entry(chain: AuditChain, fact: Fact, *, at: datetime, actor: str, owner: Organisation | None) -> AuditEntry:
    previous = chain.head
    chain.number += 1
    body = entry_body(chain=chain.chain, number=chain.number, at=at, event=fact.event, actor=actor, details=fact.details)
    chain.head = entry_hash(previous, body)
    return AuditEntry(
        chain=chain.chain,
        organisation=owner,
        number=chain.number,
        at=at,
        event=fact.event,
        actor=actor,
        body=body,
        previous=previous,
        hash=chain.head,
    )


def entry_body(*, chain: str, number: int, at: datetime, event: str, actor: str, details: dict[str, Any]) -> str:
    """Text of an entry that is hashed: compact JSON, members in this order, details by rising name."""
    ordered = {"chain": chain, "number": number, "at": at.isoformat(), "event": event, "actor": actor}
    ordered["details"] = json.loads(json.dumps(details, sort_keys=True))
    return json.dumps(ordered, separators=(",", ":"), ensure_ascii=False)


def entry_hash(previous: str, body: str) -> str:
    """Hex SHA-256 over the predecessor's hash (64 hex characters) and the body's UTF-8 bytes."""
    return hashlib.sha256(previous.encode() + body.encode()).hexdigest()
