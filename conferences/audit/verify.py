"""Verification of an audit export, offline and on the export alone: standard library only, no database, no settings.

From each chain's head backwards every hash says what the entry before it must be, so the entry named is the one that was
touched. Whoever rewrites a whole chain and its head is found by comparing the head with one that was exported earlier.
"""

import hashlib
import hmac
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from conferences.errors import AuditExportTouched

FORMAT = "conclave-audit/1"
EMPTY_HEAD = "0" * 64


@dataclass(frozen=True, slots=True)
class VerifiedExport:
    """What a whole export holds: ``heads`` maps each chain to its number of entries and its head."""

    entry_count: int
    heads: dict[str, tuple[int, str]]
    header: dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Entry:
    line: int
    number: int
    body: str
    previous: str
    hash: str


@dataclass(slots=True)
class _Chain:
    name: str
    number: int
    head: str
    entries: list[_Entry] = field(default_factory=list)
    closed: bool = False


def verify_export(lines: Iterable[str]) -> VerifiedExport:
    """Verify an export.

    Args:
        lines: of the file, in order.

    Raises:
        AuditExportTouched: something was changed, dropped, swapped, inserted or cut off; it names the entry.

    """
    # To trust an export we must, in this order:
    #   1. read the header: it names every chain, its length and its head
    #   2. read the entries and the closing heads, each in its place
    #   3. walk every chain from its head back to the beginning
    #   4. find every entry in its order, once
    numbered = iter(enumerate(lines, 1))
    # (1)
    header, chains = _read_header(numbered)
    # (2)
    for line, text in numbered:
        _take(line, _parse(line, text), chains)
    for chain in chains.values():
        # (3)
        genuine = _walk_back(chain)
        # (4)
        _check_order(chain, genuine)
        if not chain.closed:
            raise AuditExportTouched("end of the file", f"cut off: the closing line of {chain.name} is missing")
    heads = {chain.name: (chain.number, chain.head) for chain in chains.values()}
    return VerifiedExport(sum(chain.number for chain in chains.values()), heads, header)


def _read_header(numbered: Iterable[tuple[int, str]]) -> tuple[dict[str, Any], dict[str, _Chain]]:
    for line, text in numbered:
        header = _parse(line, text)
        if header.get("kind") != "header" or header.get("format") != FORMAT:
            raise AuditExportTouched("header (line 1)", f"this is not a {FORMAT} export")
        try:
            chains = [_Chain(str(one["chain"]), _whole(one["number"]), str(one["head"])) for one in header["chains"]]
        except (KeyError, TypeError, ValueError):
            raise AuditExportTouched("header (line 1)", "malformed") from None
        return header, {chain.name: chain for chain in chains}
    raise AuditExportTouched("header (line 1)", "the file is empty")


def _take(line: int, members: dict[str, Any], chains: dict[str, _Chain]) -> None:
    if members.get("kind") == "entry":
        _take_entry(line, members, chains)
    elif members.get("kind") == "head":
        chain = chains.get(str(members.get("chain")))
        if chain is None or (members.get("number"), members.get("head")) != (chain.number, chain.head):
            msg = f"closing head (line {line})"
            raise AuditExportTouched(msg, "changed: it differs from the header")
        chain.closed = True
    else:
        msg = f"line {line}"
        raise AuditExportTouched(msg, "inserted: of no known kind")


def _take_entry(line: int, members: dict[str, Any], chains: dict[str, _Chain]) -> None:
    try:
        body = json.loads(members["body"], object_pairs_hook=_once)
        members["body"].encode()
        entry = _Entry(line, _whole(body["number"]), members["body"], members["previous"], members["hash"])
        chain = chains[body["chain"]]
    except (KeyError, TypeError, ValueError, RecursionError):
        msg = f"line {line}"
        raise AuditExportTouched(msg, "changed: not an entry of any chain of the header") from None
    if not 1 <= entry.number <= chain.number:
        raise AuditExportTouched(_name(chain, entry), f"inserted: the chain has {chain.number} entries")
    chain.entries.append(entry)


def _walk_back(chain: _Chain) -> dict[int, _Entry]:
    """The genuine entry of each number."""
    candidates: dict[int, list[_Entry]] = {}
    for entry in chain.entries:
        candidates.setdefault(entry.number, []).append(entry)
    genuine: dict[int, _Entry] = {}
    expected = chain.head
    for number in range(chain.number, 0, -1):
        found = candidates.get(number, [])
        if not found:
            msg = f"{chain.name} #{number}"
            raise AuditExportTouched(msg, "dropped")
        fitting = [entry for entry in found if _fits(entry, expected)]
        if not fitting:
            raise AuditExportTouched(_name(chain, found[0]), "changed")
        genuine[number] = fitting[0]
        expected = fitting[0].previous
    if expected != EMPTY_HEAD:
        msg = f"{chain.name} #1"
        raise AuditExportTouched(msg, "changed: the chain does not begin here")
    return genuine


def _check_order(chain: _Chain, genuine: dict[int, _Entry]) -> None:
    counts = Counter(entry.number for entry in chain.entries)
    for entry in chain.entries:
        if counts[entry.number] > 1 and entry is not genuine[entry.number]:
            raise AuditExportTouched(_name(chain, entry), "inserted")
    for place, entry in enumerate(chain.entries, 1):
        if entry.number != place:
            raise AuditExportTouched(_name(chain, entry), f"swapped: it stands in the place of #{place}")


def _fits(entry: _Entry, expected: str) -> bool:
    computed = hashlib.sha256(f"{entry.previous}{entry.body}".encode()).hexdigest()
    return hmac.compare_digest(computed.encode(), expected.encode()) and entry.hash == expected


def _name(chain: _Chain, entry: _Entry) -> str:
    return f"{chain.name} #{entry.number} (line {entry.line})"


def _parse(line: int, text: str) -> dict[str, Any]:
    try:
        members = json.loads(text, object_pairs_hook=_once)
    except (ValueError, RecursionError):
        msg = f"line {line}"
        raise AuditExportTouched(msg, "changed: not one JSON object") from None
    if not isinstance(members, dict):
        msg = f"line {line}"
        raise AuditExportTouched(msg, "changed: not one JSON object")
    return members


def _whole(number: object) -> int:
    if not isinstance(number, int) or isinstance(number, bool):
        raise TypeError("not a whole number")
    return number


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member stands twice")
    return members
