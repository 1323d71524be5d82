"""Writing audit entries: in the transaction of the fact, or not at all (DESIGN section 11)."""

import hashlib
import json
from datetime import datetime
from typing import Any

from django.db import connection

from conferences.models import AuditChain, AuditEntry, Conference, Organisation

EMPTY_HEAD = "0" * 64


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
    if not connection.in_atomic_block:
        raise RuntimeError("an audit entry is written in the transaction of its fact")
    owner = conference.organisation if conference else organisation
    name = conference.id if conference else f"organisation:{owner.slug}" if owner else "system"
    AuditChain.objects.get_or_create(chain=name, defaults={"organisation": owner, "head": EMPTY_HEAD})
    chain = AuditChain.objects.select_for_update().get(chain=name)
    chain.number += 1
    body = entry_body(chain=name, number=chain.number, at=at, event=event, actor=actor, details=details or {})
    entry = AuditEntry.objects.create(
        chain=name,
        organisation=owner,
        number=chain.number,
        at=at,
        event=event,
        actor=actor,
        body=body,
        previous=chain.head,
        hash=entry_hash(chain.head, body),
    )
    chain.head = entry.hash
    chain.save(update_fields=["number", "head"])
    return entry


def entry_body(*, chain: str, number: int, at: datetime, event: str, actor: str, details: dict[str, Any]) -> str:
    """Text of an entry that is hashed: compact JSON, members in this order, details by rising name."""
    ordered = {"chain": chain, "number": number, "at": at.isoformat(), "event": event, "actor": actor}
    ordered["details"] = json.loads(json.dumps(details, sort_keys=True))
    return json.dumps(ordered, separators=(",", ":"), ensure_ascii=False)


def entry_hash(previous: str, body: str) -> str:
    """Hex SHA-256 over the predecessor's hash (64 hex characters) and the body's UTF-8 bytes."""
    return hashlib.sha256(previous.encode() + body.encode()).hexdigest()
