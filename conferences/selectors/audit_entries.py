"""Audit entries for reading: exact, oldest first where it matters, filtered by kind."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, QuerySet

from conferences.models import AuditEntry, Conference

KINDS: dict[str, tuple[str, ...]] = {
    "keys": ("key.", "epoch.", "conference_key."),
    "endpoints": ("endpoint.", "media.", "presence."),
    "people": ("participant.", "conference.", "moderation."),
    "access": ("token.", "authorization.", "request."),
    "audit": ("audit.",),
}


@dataclass(frozen=True, slots=True)
class ReadEntry:
    """One entry with its details parsed from the exact ``body`` that was hashed."""

    number: int
    at: datetime
    event: str
    actor: str
    details: dict[str, Any]
    body: str
    hash: str


def read_entry(row: AuditEntry) -> ReadEntry:
    """Typed form of a row; the hashed body is the source, not the columns beside it. A pruned row has no more than them."""
    if not row.body:
        return ReadEntry(int(row.number), row.at, row.event, row.actor, {}, "", row.hash)
    body = json.loads(row.body)
    at = datetime.fromisoformat(body["at"])
    return ReadEntry(body["number"], at, body["event"], body["actor"], body["details"], row.body, row.hash)


def conference_entries(conference: Conference, kind: str = "") -> QuerySet[AuditEntry]:
    """Entries of the conference's chain, the latest first; ``kind`` of ``KINDS`` or empty for all."""
    rows = AuditEntry.objects.filter(chain=conference.id).order_by("-number")
    if kind not in KINDS:
        return rows
    return rows.filter(event__in=[name for name in event_counts(conference) if name.startswith(KINDS[kind])])


def event_counts(conference: Conference) -> dict[str, int]:
    """How many entries of each event the chain holds."""
    rows = AuditEntry.objects.filter(chain=conference.id).order_by().values_list("event").annotate(total=Count("id"))
    return dict(rows)
