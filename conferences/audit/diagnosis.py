"""Which entry of a chain was touched, once it is known that the chain is not whole. Pure.

From the chain's head backwards every hash says what the entry before it must be, so the entry named is the one that was
touched, and not its neighbour.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable

from conferences.audit.chains import EMPTY_HEAD, Chain
from conferences.audit.lines import Entry, parse_line, read_entry
from conferences.errors import AuditExportTouched


def name_touched(lines: Iterable[str], chain: Chain) -> None:
    """Read the export once more and name what was touched in ``chain``.

    Raises:
        AuditExportTouched: always, where the chain is not whole and in order.

    """
    entries = []
    for line, text in enumerate(lines, 1):
        members = parse_line(line, text)
        if members.get("kind") == "entry":
            entry = read_entry(line, members)
            if entry.chain == chain.name:
                entries.append(entry)
    beyond = [entry for entry in entries if not 1 <= entry.number <= chain.number]
    if beyond:
        raise AuditExportTouched(beyond[0].name, f"inserted: the chain has {chain.number} entries")
    _check_order(entries, _walk_back(chain, entries))


def _walk_back(chain: Chain, entries: list[Entry]) -> dict[int, Entry]:
    """The genuine entry of each number."""
    candidates: dict[int, list[Entry]] = {}
    for entry in entries:
        candidates.setdefault(entry.number, []).append(entry)
    genuine: dict[int, Entry] = {}
    expected = chain.head
    for number in range(chain.number, 0, -1):
        found = candidates.get(number, [])
        if not found:
            msg = f"{chain.name} #{number}"
            raise AuditExportTouched(msg, "dropped")
        fitting = [entry for entry in found if _fits(entry, expected)]
        if not fitting:
            raise AuditExportTouched(found[0].name, "changed")
        genuine[number] = fitting[0]
        expected = fitting[0].previous
    if expected != EMPTY_HEAD:
        msg = f"{chain.name} #1"
        raise AuditExportTouched(msg, "changed: the chain does not begin here")
    return genuine


def _check_order(entries: list[Entry], genuine: dict[int, Entry]) -> None:
    counts = Counter(entry.number for entry in entries)
    for entry in entries:
        if counts[entry.number] > 1 and entry is not genuine[entry.number]:
            raise AuditExportTouched(entry.name, "inserted")
    for place, entry in enumerate(entries, 1):
        if entry.number != place:
            raise AuditExportTouched(entry.name, f"swapped: it stands in the place of #{place}")


def _fits(entry: Entry, expected: str) -> bool:
    if not entry.body:
        return entry.hash == expected
    return entry.hash == expected == hashlib.sha256(f"{entry.previous}{entry.body}".encode()).hexdigest()
