"""The chains of an export while it is read once, forwards: O(1) memory for each chain. Pure."""

import hashlib
from dataclasses import dataclass, field
from typing import Any

from conferences.audit.lines import Entry, whole
from conferences.errors import AuditExportTouched

EMPTY_HEAD = "0" * 64


@dataclass(slots=True)
class Chain:
    """``number`` and ``head`` as the header says; ``read`` and ``last`` as far as it was read.

    ``pruned`` and ``covered`` are stretches of numbers (first, last): bodies that are gone, and what later entries of the
    same chain say was pruned. ``kept`` maps numbers to hashes that a witness keeps.
    """

    name: str
    number: int
    head: str
    read: int = 0
    last: str = EMPTY_HEAD
    closed: bool = False
    pruned: list[list[int]] = field(default_factory=list)
    covered: list[tuple[int, int]] = field(default_factory=list)
    kept: dict[int, str] = field(default_factory=dict)

    def fits(self, entry: Entry) -> bool:
        """Take ``entry`` if it is the next one of this chain; else say no."""
        if entry.number != self.read + 1 or entry.previous != self.last or entry.number > self.number:
            return False
        if entry.body and hashlib.sha256(f"{entry.previous}{entry.body}".encode()).hexdigest() != entry.hash:
            return False
        self.read, self.last = entry.number, entry.hash
        if not entry.body:
            self._note_pruned(entry.number)
        if entry.covers:
            self.covered.append(entry.covers)
        if self.kept and self.kept.get(entry.number, entry.hash) != entry.hash:
            raise AuditExportTouched(entry.name, "changed: a witness keeps another hash of it")
        return True

    @property
    def is_whole(self) -> bool:
        """Every entry was read, up to the head."""
        return self.read == self.number and self.last == self.head

    def check_ends(self) -> None:
        """Check what only the whole chain shows.

        Raises:
            AuditExportTouched: a body is gone that no entry says was pruned, the closing line is missing, or the chain is
                shorter than a witness saw it.

        """
        if not self.closed:
            raise AuditExportTouched("end of the file", f"cut off: the closing line of {self.name} is missing")
        for first, last in self.pruned:
            said = first  # the first number that no entry says was pruned
            for start, end in sorted(self.covered):
                said = max(said, end + 1) if start <= said else said
            if said <= last:
                msg = f"{self.name} #{said}"
                raise AuditExportTouched(msg, "dropped: its text is gone, and no entry of its chain says that it was pruned")
        if self.kept and max(self.kept) > self.number:
            msg = f"{self.name} #{self.number + 1}"
            raise AuditExportTouched(msg, f"cut off: a witness saw this chain with {max(self.kept)} entries")

    def _note_pruned(self, number: int) -> None:
        if self.pruned and self.pruned[-1][1] == number - 1:
            self.pruned[-1][1] = number
        else:
            self.pruned.append([number, number])


def read_chains(header: dict[str, Any]) -> dict[str, Chain]:
    """The chains that a header names.

    Raises:
        AuditExportTouched: it is malformed.

    """
    try:
        chains = [Chain(str(one["chain"]), whole(one["number"]), str(one["head"])) for one in header["chains"]]
    except (KeyError, TypeError, ValueError):
        raise AuditExportTouched("header (line 1)", "malformed") from None
    return {chain.name: chain for chain in chains}
