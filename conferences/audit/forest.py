"""The tree of an export while it is read once, from left to right: O(log n) memory. Pure.

What does not fit is remembered, not raised: a chain that is not whole says more exactly what happened.
"""

from collections.abc import Mapping

from conferences.audit.checkpoint import Checkpoint, LogKey, open_checkpoint
from conferences.audit.lines import Entry
from conferences.audit.merkle import Frontier, leaf_hash
from conferences.errors import AuditCheckpointWrong, AuditExportTouched, AuditProofWrong


class ReadTree:
    """Leaves and subtrees as they come, compared with every checkpoint, and with ``kept`` (size → root) of a witness."""

    def __init__(self, key: LogKey | None, kept: Mapping[int, bytes]) -> None:
        self.key = key
        self.latest: Checkpoint | None = None
        self.problem: AuditExportTouched | None = None
        self.checkpoints = 0
        self.seen: set[int] = set()
        self._kept = kept
        self._edge = Frontier()
        self._since: tuple[Entry, Entry] | None = None  # first and last entry since the last good checkpoint

    @property
    def size(self) -> int:
        """Leaves so far."""
        return self._edge.size

    def take_leaf(self, entry: Entry) -> None:
        """The next leaf."""
        if self.problem:
            return
        if entry.leaf != self._edge.size:
            self.problem = AuditExportTouched(entry.name, f"swapped: leaf {entry.leaf} stands in the place of {self._edge.size}")
            return
        self._edge.push(leaf_hash(bytes.fromhex(entry.hash)))
        self._since = (self._since[0] if self._since else entry, entry)
        if self._edge.size in self._kept:
            self._check_kept()

    def take_subtree(self, line: int, members: dict[str, object]) -> None:
        """Leaves of chains that this export does not hold, as one hash."""
        if self.problem:
            return
        level, leaf = members.get("level"), members.get("leaf")
        try:
            if leaf != self._edge.size or not isinstance(level, int) or not 0 <= level < 64:  # noqa: PLR2004  bits of a size
                raise AuditProofWrong("a subtree stands where it cannot")  # noqa: TRY301  one answer to all of these
            self._edge.push(bytes.fromhex(str(members.get("hash"))), level)
        except (AuditProofWrong, ValueError):
            self.problem = AuditExportTouched(f"line {line}", "swapped: a subtree that cannot stand here")
            return
        if self._edge.size in self._kept:
            self._check_kept()

    def take_checkpoint(self, line: int, note: object) -> None:
        """A checkpoint over what was read so far."""
        if self.problem:
            return
        try:
            if self.key is None:
                raise AuditCheckpointWrong("the header names no key")  # noqa: TRY301  one answer to all of these
            checkpoint = open_checkpoint(str(note), self.key)
        except AuditCheckpointWrong as wrong:
            self.problem = AuditExportTouched(f"checkpoint (line {line})", f"changed: {wrong}")
            return
        if checkpoint.size != self._edge.size:
            self.problem = AuditExportTouched(
                f"checkpoint (line {line})", f"dropped: it covers {checkpoint.size} leaves, {self._edge.size} stand before it"
            )
        elif checkpoint.root != self._edge.root():
            self.problem = AuditExportTouched(self._suspects(), "changed: the tree has another root than the one that was signed")
        else:
            self.latest, self._since = checkpoint, None
            self.checkpoints += 1

    def _check_kept(self) -> None:
        self.seen.add(self._edge.size)
        if self._edge.root() != self._kept[self._edge.size]:
            self.problem = AuditExportTouched(
                self._suspects(), f"changed: a witness keeps another root of the first {self._edge.size} entries"
            )

    def _suspects(self) -> str:
        """The entries among which the touched one is."""
        if self._since is None:
            return "the tree"
        first, last = self._since
        return first.name if first is last else f"{first.name} to {last.name}"
