"""Proofs from a whole export alone, where the log's database is not at hand, or not trusted. Pure.

The export is verified first: nothing is proved from a file that was touched.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from conferences.audit.checkpoint import open_checkpoint, read_log_key
from conferences.audit.lines import parse_line
from conferences.audit.merkle import consistency_proof, inclusion_proof, leaf_hash
from conferences.audit.proof import ConsistencyProof, InclusionProof
from conferences.audit.tiles import Tile, TileTree
from conferences.audit.verify import verify_export
from conferences.errors import AuditNotInTree

NO_TREE = "only an export of everything holds the tree, and this one has no signed checkpoint or not all of it"


@dataclass(frozen=True, slots=True)
class ExportedTree:
    """The tree of a verified export. ``notes`` holds its checkpoints by size, ``lines`` the export itself."""

    tree: TileTree
    notes: dict[int, str]
    lines: Iterable[str]

    def prove_entry(self, *, chain: str, number: int) -> InclusionProof:
        """Proof that one entry stands in the tree of the export's latest checkpoint.

        Raises:
            AuditNotInTree: there is no such entry, or it is not in the tree yet.

        """
        size = max(self.notes)
        for members in _entries(self.lines):
            found = members.get("pruned") or parse_line(0, members["body"])
            if (found["chain"], found["number"]) == (chain, number) and members["leaf"] < size:
                entry = {"previous": members["previous"], "body": members.get("body", "")}
                path = inclusion_proof(members["leaf"], size, self.tree.node)
                return InclusionProof(members["leaf"], path, self.notes[size], entry)
        raise AuditNotInTree("the entry is not in the tree")

    def prove_growth(self, *, old: int, new: int) -> ConsistencyProof:
        """Proof that the checkpoint of size ``new`` continues that of size ``old``.

        Raises:
            AuditNotInTree: one of them is not in the export.

        """
        for size in (old, new):
            if size not in self.notes:
                message = f"no checkpoint of size {size} is in the export"
                raise AuditNotInTree(message)
        return ConsistencyProof(self.notes[old], self.notes[new], consistency_proof(old, new, self.tree.node))


def read_tree(lines: Iterable[str]) -> ExportedTree:
    """The tree of an export of everything; ``lines`` can be iterated over again and again.

    Raises:
        AuditExportTouched: the export is not as it was written.
        AuditNotInTree: it holds some chains only, or nothing was signed yet.

    """
    header = verify_export(lines).header
    if header["scope"] != "all" or not header["log_key"]:
        raise AuditNotInTree(NO_TREE)
    tree = TileTree(0, _not_there)
    tree.append(leaf_hash(bytes.fromhex(members["hash"])) for members in _entries(lines))
    key = read_log_key(header["log_key"])
    notes = {open_checkpoint(note, key).size: note for note in _notes(lines)}
    if not notes:
        raise AuditNotInTree(NO_TREE)
    return ExportedTree(tree, notes, lines)


def _entries(lines: Iterable[str]) -> Iterable[dict[str, Any]]:
    """Entry lines of the tree, by rising leaf."""
    found = (parse_line(number, text) for number, text in enumerate(lines, 1))
    return (members for members in found if members.get("kind") == "entry" and members["leaf"] is not None)


def _notes(lines: Iterable[str]) -> Iterable[str]:
    found = (parse_line(number, text) for number, text in enumerate(lines, 1))
    return (members["note"] for members in found if members.get("kind") == "checkpoint")


def _not_there(tile: Tile) -> bytes:
    message = f"tile {tile} is not in the export"
    raise AuditNotInTree(message)
