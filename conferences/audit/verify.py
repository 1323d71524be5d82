"""Verification of an audit export, offline and on the export alone: no database, no settings, no Django.

One pass forwards with little memory; a second one only to name what was touched. Whoever rewrites whole chains, the tree
and its checkpoints with the log's own key is found by what a witness keeps.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from conferences.audit.chains import Chain, read_chains
from conferences.audit.checkpoint import Checkpoint, LogKey, read_log_key
from conferences.audit.diagnosis import name_touched
from conferences.audit.forest import ReadTree
from conferences.audit.lines import Entry, parse_line, read_entry, whole
from conferences.errors import AuditCheckpointWrong, AuditExportTouched

FORMAT = "conclave-audit/2"
TELL_EVERY = 20_000  # entries


@dataclass(frozen=True, slots=True)
class Kept:
    """What somebody outside keeps: the log's key, roots by tree size, hashes by chain and number."""

    key: LogKey | None = None
    roots: Mapping[int, bytes] = field(default_factory=dict)
    heads: Mapping[str, Mapping[int, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class VerifiedExport:
    """What a whole export holds: ``heads`` maps each chain to its number of entries and its head.

    ``compared`` are the tree sizes at which a witness's root was found to be that of this export.
    """

    entry_count: int
    heads: dict[str, tuple[int, str]]
    header: dict[str, Any]
    checkpoint: Checkpoint | None
    waiting: int
    pruned: int
    compared: frozenset[int]


def verify_export(
    lines: Iterable[str], *, kept: Kept | None = None, progress: Callable[[int, int], object] | None = None
) -> VerifiedExport:
    """Verify an export.

    Args:
        lines: of the file, in order; can be iterated over twice.
        kept: what a witness keeps, if there is one.
        progress: called now and then with entries read and entries in all.

    Raises:
        AuditExportTouched: something was changed, dropped, swapped, inserted or cut off; it names the entry.

    """
    # To trust an export we must, in this order:
    #   1. read the header: every chain's length and head, the log's key
    #   2. read every line in its place, chains and tree together
    #   3. find every chain whole; if one is not, name its entry by a walk backwards
    #   4. find the tree whole, under every checkpoint, and as the witness saw it
    #   5. find nothing cut off, and nothing gone that was not said to be pruned
    reading = _Reading(lines, kept or Kept(), progress)
    # (1), (2)
    for line, text in enumerate(lines, 1):
        reading.take(line, parse_line(line, text))
    if not reading.header:
        raise AuditExportTouched("header (line 1)", "the file is empty")
    # (3)
    for chain in reading.chains.values():
        if not chain.is_whole:
            reading.name_touched(chain)
    # (4)
    reading.check_tree()
    # (5)
    for chain in reading.chains.values():
        chain.check_ends()
    return reading.result()


class _Reading:
    def __init__(self, lines: Iterable[str], kept: Kept, progress: Callable[[int, int], object] | None) -> None:
        self.header: dict[str, Any] = {}
        self.chains: dict[str, Chain] = {}
        self._lines, self._kept, self._progress = lines, kept, progress
        self._tree = ReadTree(None, {})
        self._count = self._total = self._waiting = 0

    def take(self, line: int, members: dict[str, Any]) -> None:
        kind = members.get("kind")
        if not self.header:
            self._take_header(members)
        elif kind == "entry":
            self._take_entry(read_entry(line, members))
        elif kind == "checkpoint":
            self._tree.take_checkpoint(line, members.get("note"))
        elif kind == "subtree" and self.header.get("scope") != "all":
            self._tree.take_subtree(line, members)
        elif kind == "head":
            self._take_head(line, members)
        else:
            msg = f"line {line}"
            raise AuditExportTouched(msg, "inserted: of no known kind")

    def _take_header(self, header: dict[str, Any]) -> None:
        if header.get("kind") != "header" or header.get("format") != FORMAT:
            raise AuditExportTouched("header (line 1)", f"this is not a {FORMAT} export")
        self.header, self.chains = header, read_chains(header)
        self._total = sum(chain.number for chain in self.chains.values())
        try:
            self._size = whole(header["tree_size"])
            key = read_log_key(header["log_key"]) if header["log_key"] else None
        except (KeyError, TypeError, ValueError, AttributeError, AuditCheckpointWrong):
            raise AuditExportTouched("header (line 1)", "malformed") from None
        if self._kept.key is not None and key != self._kept.key:
            raise AuditExportTouched("header (line 1)", "changed: the log's key is not the one that was kept")
        self._tree = ReadTree(key, self._kept.roots)
        for name, heads in self._kept.heads.items():
            if name in self.chains:
                self.chains[name].kept = dict(heads)

    def _take_entry(self, entry: Entry) -> None:
        chain = self.chains.get(entry.chain)
        if chain is None:
            msg = f"line {entry.line}"
            raise AuditExportTouched(msg, "changed: not an entry of any chain of the header")
        if not chain.fits(entry):
            self.name_touched(chain)
            raise AuditExportTouched(entry.name, "changed: it does not follow its predecessor")
        if entry.leaf is not None:
            self._tree.take_leaf(entry)
        else:
            self._waiting += 1
        self._count += 1
        if self._progress and self._count % TELL_EVERY == 0:
            self._progress(self._count, self._total)

    def _take_head(self, line: int, members: dict[str, Any]) -> None:
        chain = self.chains.get(str(members.get("chain")))
        if chain is None or (members.get("number"), members.get("head")) != (chain.number, chain.head):
            msg = f"closing head (line {line})"
            raise AuditExportTouched(msg, "changed: it differs from the header")
        chain.closed = True

    def name_touched(self, chain: Chain) -> None:
        name_touched(self._lines, chain)

    def check_tree(self) -> None:
        tree = self._tree
        if tree.problem:
            raise tree.problem
        if tree.size != self._size:
            raise AuditExportTouched("the tree", f"cut off: it has {tree.size} leaves, the header says {self._size}")
        if tree.size and (tree.latest is None or tree.latest.size != tree.size):
            raise AuditExportTouched("the tree", "cut off: its last checkpoint is missing")
        if self._kept.roots and max(self._kept.roots) > tree.size:
            msg = f"cut off: a witness saw the log with {max(self._kept.roots)} entries, here it has {tree.size}"
            raise AuditExportTouched("the tree", msg)
        missing = self._kept.heads.keys() - self.chains.keys()
        if missing and self.header.get("scope") == "all":
            raise AuditExportTouched(min(missing), "dropped: a witness saw this chain")

    def result(self) -> VerifiedExport:
        chains = self.chains.values()
        pruned = sum(last - first + 1 for chain in chains for first, last in chain.pruned)
        heads = {chain.name: (chain.number, chain.head) for chain in chains}
        seen = frozenset(self._tree.seen)
        return VerifiedExport(self._count, heads, self.header, self._tree.latest, self._waiting, pruned, seen)
