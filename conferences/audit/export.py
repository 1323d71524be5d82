"""Export of the audit as JSON lines: a header with every chain's head, the entries, the heads again.

Each entry line carries the exact text that was hashed. The header says how many entries there must be, so that a cut
tail shows; the last lines say it again, so that a cut file shows too.
"""

import json
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from conferences.models import AuditChain, AuditEntry, Conference, Organisation

FORMAT = "conclave-audit/1"
_header_facts: list[Callable[[], dict[str, Any]]] = []


def register_header_facts(facts: Callable[[], dict[str, Any]]) -> None:
    """Let ``facts()`` add members to every header, for instance the key that statements are signed with."""
    if facts not in _header_facts:
        _header_facts.append(facts)


def export_lines(
    *, now: datetime, conference: Conference | None = None, organisation: Organisation | None = None
) -> Iterator[str]:
    """Lines of an export, each with its line end.

    Args:
        now: UTC, named in the header.
        conference: its chain only.
        organisation: chains of one customer only; neither given: every chain.

    """
    heads = list(_chains(conference, organisation).order_by("chain").values("chain", "number", "head"))
    header: dict[str, Any] = {"kind": "header", "format": FORMAT, "exported_at": now.isoformat(), "chains": heads}
    for facts in _header_facts:
        header |= facts()
    yield _line(header)
    for head in heads:
        yield from _entry_lines(head["chain"], head["number"])
    for head in heads:
        yield _line({"kind": "head", **head})


def _chains(conference: Conference | None, organisation: Organisation | None) -> QuerySet[AuditChain]:
    if conference is not None:
        return AuditChain.objects.filter(chain=conference.id)
    return AuditChain.objects.filter(organisation=organisation) if organisation is not None else AuditChain.objects.all()


def _entry_lines(chain: str, upto: int) -> Iterator[str]:
    # The heads were read first: what is appended meanwhile is not part of this export.
    rows = AuditEntry.objects.filter(chain=chain, number__lte=upto).order_by("number")
    for row in rows.values("body", "previous", "hash").iterator(chunk_size=500):
        yield _line({"kind": "entry", **row})


def _line(members: dict[str, Any]) -> str:
    return json.dumps(members, separators=(",", ":"), ensure_ascii=False) + "\n"
