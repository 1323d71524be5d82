"""Search over the audit of one organisation: what is under a checkpoint, the latest first, a page at a time by its keys.

Each filter has an index that is in the order of the answer, or one of words; a page costs the same wherever it is.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.postgres.search import SearchQuery, SearchVector
from django.db.models import Q, QuerySet

from conferences.models import AuditEntry, Conference, Organisation
from conferences.selectors.audit_entries import ReadEntry, read_entry

RECENT = 1000  # entries that are looked through for frequent words
MOST_SORTED = 20_000  # matches of rarer words that are sorted here
MOST_CONFERENCES = 200  # whose titles fit


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for; empty members do not matter. ``after`` is the (time, leaf) of the last entry of the page before."""

    conference: str = ""
    person: str = ""
    event: str = ""
    text: str = ""
    from_at: datetime | None = None
    until_at: datetime | None = None
    after: tuple[datetime, int] | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """One entry, and where it stands."""

    chain: str
    leaf: int
    entry: ReadEntry


@dataclass(frozen=True, slots=True)
class FoundPage:
    """Entries, the titles of their conferences by id, and the keys of the next page, if there may be one."""

    found: list[Found]
    titles: dict[str, str]
    next_after: tuple[datetime, int] | None


def search_audit(organisation: Organisation, wanted: Wanted, *, limit: int) -> FoundPage:
    """Up to ``limit`` entries that fit ``wanted``."""
    rows = _latest(_rows(organisation, wanted), limit + 1, wanted.text)
    page = rows[:limit]
    found = [Found(row.chain, int(row.leaf or 0), read_entry(row)) for row in page]
    titles = dict(Conference.objects.filter(id__in={one.chain for one in found}).values_list("id", "title"))
    more = len(rows) > limit
    return FoundPage(found, titles, (page[-1].at, int(page[-1].leaf or 0)) if more else None)


def names_of(organisation: Organisation, chains: set[str]) -> dict[tuple[str, int], str]:
    """Names of endpoints by (conference, source id), from the entries that released a key to them."""
    rows = AuditEntry.objects.filter(organisation=organisation, chain__in=chains, event="key.released")
    names = {}
    for chain, body in rows.values_list("chain", "body"):
        details = json.loads(body)["details"]
        names[chain, details["source_id"]] = str(details.get("name") or details.get("identity"))
    return names


def _latest(rows: QuerySet[AuditEntry], count: int, text: str) -> list[AuditEntry]:
    """The first ``count`` of ``rows`` that hold the words of ``text``.

    Frequent words are found among the latest entries, rare ones by their index and sorted here. Left to choose,
    PostgreSQL walks through all entries for a rare word in the hope of finding it soon.
    """
    if not text:
        return list(rows[:count])
    recent = _with_words(AuditEntry.objects.filter(id__in=rows.values("id")[:RECENT]), text).order_by("-at", "-leaf")
    found = list(recent[:count])
    if len(found) == count:
        return found
    worded = _with_words(rows, text)
    keys = list(worded.order_by().values_list("at", "leaf", "id")[: MOST_SORTED + 1])
    if len(keys) > MOST_SORTED:
        return list(worded[:count])
    ids = [pk for _, _, pk in sorted(keys, reverse=True)[:count]]
    return list(AuditEntry.objects.filter(id__in=ids).order_by("-at", "-leaf"))


def _with_words(rows: QuerySet[AuditEntry], text: str) -> QuerySet[AuditEntry]:
    words: Any = SearchQuery(text, config="simple", search_type="websearch")
    return rows.annotate(words=SearchVector("body", config="simple")).filter(words=words)


def _rows(organisation: Organisation, wanted: Wanted) -> QuerySet[AuditEntry]:
    rows = AuditEntry.objects.filter(organisation=organisation, leaf__isnull=False).order_by("-at", "-leaf")
    if wanted.conference:
        rows = rows.filter(chain__in=_chains(organisation, wanted.conference))
    if wanted.event:
        rows = rows.filter(event=wanted.event)
    if wanted.from_at:
        rows = rows.filter(at__gte=wanted.from_at)
    if wanted.until_at:
        rows = rows.filter(at__lt=wanted.until_at)
    if wanted.after:
        at, leaf = wanted.after
        rows = rows.filter(at__lte=at).exclude(Q(at=at) & Q(leaf__gte=leaf))
    if wanted.person:
        rows = rows.filter(actor=wanted.person)
    return rows


def _chains(organisation: Organisation, words: str) -> list[str]:
    """Conferences whose id this is, or whose title holds it."""
    named = Q(id=words) | Q(title__icontains=words)
    rows = Conference.objects.filter(named, organisation=organisation).order_by("-starts_at")
    return list(rows.values_list("id", flat=True)[:MOST_CONFERENCES])
