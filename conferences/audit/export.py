"""Export of the audit as JSON lines, complete enough to be verified with nothing else at hand.

In this order: a header (every chain's length and head, the log's key, the tree's size); the entries in the order of the
tree, each with the exact text that was hashed, and between them the signed checkpoints; what is committed but not in the
tree yet; the heads again, so that a cut file shows. An export of some chains only says where the others' entries are by
the hashes of their subtrees, so that the root can be computed all the same.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

from conferences.audit.tiles import TileTree
from conferences.models import AuditChain, AuditCheckpoint, AuditEntry, Conference, Organisation
from conferences.selectors.audit_tree import audit_tree, latest_checkpoint, stored_tree

FORMAT = "conclave-audit/2"
ROWS_AT_ONCE = 2000
_COLUMNS = ("chain", "number", "previous", "hash", "body", "leaf")
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
    # The tree's size is read before the heads: no chain is shorter than what the tree holds of it. What is appended
    # meanwhile is not part of this export.
    last = latest_checkpoint()
    size = last.size if last else 0
    heads = list(_chains(conference, organisation).order_by("chain").values("chain", "number", "head"))
    scope = "conference" if conference else "organisation" if organisation else "all"
    header: dict[str, Any] = {"kind": "header", "format": FORMAT, "exported_at": now.isoformat(), "scope": scope}
    header |= {"tree_size": size, "log_key": _log_key(), "chains": heads}
    for facts in _header_facts:
        header |= facts()
    yield _line(header)
    rows = _entries(conference, organisation)
    if scope == "all":
        yield from _merged(_in_tree(rows, size), size)
    else:
        yield from _filled(_in_tree(rows, size), size)
        if last:
            yield _line({"kind": "checkpoint", "note": last.note})
    yield from _waiting(rows, size, {head["chain"]: head["number"] for head in heads})
    for head in heads:
        yield _line({"kind": "head", **head})


def _chains(conference: Conference | None, organisation: Organisation | None) -> QuerySet[AuditChain]:
    if conference is not None:
        return AuditChain.objects.filter(chain=conference.id)
    return AuditChain.objects.filter(organisation=organisation) if organisation is not None else AuditChain.objects.all()


def _entries(conference: Conference | None, organisation: Organisation | None) -> QuerySet[AuditEntry]:
    if conference is not None:
        return AuditEntry.objects.filter(chain=conference.id)
    return AuditEntry.objects.filter(organisation=organisation) if organisation is not None else AuditEntry.objects.all()


def _log_key() -> str | None:
    tree = audit_tree()
    return tree.log_key if tree else None


def _in_tree(rows: QuerySet[AuditEntry], size: int) -> Iterator[dict[str, Any]]:
    """Entries by rising leaf below ``size``, some at a time: no cursor stays open, however slow the reader is."""
    after = -1
    while chunk := list(rows.filter(leaf__gt=after, leaf__lt=size).order_by("leaf").values(*_COLUMNS)[:ROWS_AT_ONCE]):
        yield from chunk
        after = chunk[-1]["leaf"]


def _merged(rows: Iterable[dict[str, Any]], size: int) -> Iterator[str]:
    """Every entry, and every checkpoint after the last entry that it covers."""
    notes = _checkpoints(size)
    covered, note = next(notes, (None, ""))
    for row in rows:
        yield _entry_line(row)
        while covered is not None and covered <= row["leaf"] + 1:
            yield _line({"kind": "checkpoint", "note": note})
            covered, note = next(notes, (None, ""))
    while covered is not None:
        yield _line({"kind": "checkpoint", "note": note})
        covered, note = next(notes, (None, ""))


def _checkpoints(size: int) -> Iterator[tuple[int, str]]:
    after = 0
    rows = AuditCheckpoint.objects.filter(size__lte=size).order_by("size").values_list("size", "note")
    while chunk := list(rows.filter(size__gt=after)[:ROWS_AT_ONCE]):
        yield from chunk
        after = chunk[-1][0]


def _filled(rows: Iterable[dict[str, Any]], size: int) -> Iterator[str]:
    """Entries, and hashes of the subtrees between them."""
    tree, at = stored_tree(size), 0
    for row in rows:
        yield from _subtrees(tree, at, row["leaf"])
        yield _entry_line(row)
        at = row["leaf"] + 1
    yield from _subtrees(tree, at, size)


def _subtrees(tree: TileTree, start: int, end: int) -> Iterator[str]:
    while start < end:
        level = min((end - start).bit_length() - 1, (start & -start).bit_length() - 1 if start else 63)
        yield _line({"kind": "subtree", "level": level, "leaf": start, "hash": tree.node(level, start >> level).hex()})
        start += 1 << level


def _waiting(rows: QuerySet[AuditEntry], size: int, numbers: dict[str, int]) -> Iterator[str]:
    """Committed entries that the tree of this export does not hold yet."""
    late = rows.filter(Q(leaf=None) | Q(leaf__gte=size)).order_by("chain", "number")
    for row in late.values(*_COLUMNS).iterator(chunk_size=500):
        if row["number"] <= numbers.get(row["chain"], 0):
            yield _entry_line(row | {"leaf": None})


def _entry_line(row: dict[str, Any]) -> str:
    members = {"kind": "entry", "leaf": row["leaf"], "previous": row["previous"], "hash": row["hash"]}
    if row["body"]:
        return _line(members | {"body": row["body"]})
    return _line(members | {"pruned": {"chain": row["chain"], "number": row["number"]}})


def _line(members: dict[str, Any]) -> str:
    return json.dumps(members, separators=(",", ":"), ensure_ascii=False) + "\n"
