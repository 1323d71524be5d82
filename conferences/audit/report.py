"""What the verification of files says in words; no database, no settings."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from conferences.audit.checkpoint import LogKey, read_log_key
from conferences.audit.lines import ExportFile
from conferences.audit.proof import PROOF_MARK, read_consistency, read_inclusion, verify_growth, verify_inclusion
from conferences.audit.verify import Kept, VerifiedExport, verify_export
from conferences.audit.witness import kept_in, new_lines, unlinked
from conferences.errors import AuditCheckpointWrong, AuditExportTouched, AuditProofWrong

WHOLE, TOUCHED, UNREADABLE = 0, 1, 2
MOST_CHAINS_NAMED = 30
PROOF_BYTES = 1_000_000
Say = Callable[[str], object]


@dataclass(frozen=True, slots=True)
class Question:
    """What is verified: an export or a proof, against a witness's file, with proofs that link the two.

    ``key`` is the log's key in text form where it is known by other means; ``append`` lets the witness's file grow.
    """

    file: Path
    witness: Path | None = None
    proofs: Sequence[Path] = ()
    key: str = ""
    append: bool = False


def report(question: Question, *, say: Say, complain: Say) -> int:
    """Verify, say the result, and give the exit status: 0 whole, 1 touched, 2 unreadable."""
    try:
        with question.file.open(encoding="utf-8") as file:
            start = file.read(200)
        kept = kept_in(question.witness)
        if question.key:
            kept = Kept(read_log_key(question.key), kept.roots, kept.heads)
        if start.startswith(PROOF_MARK):
            _report_inclusion(question, kept, say)
        elif start.lstrip().startswith("{\n"):
            _report_growth(question, kept, say)
        else:
            _report_export(question, kept, say, complain)
    except (AuditExportTouched, AuditProofWrong, AuditCheckpointWrong) as wrong:
        complain(f"TOUCHED  {wrong}")
        return TOUCHED
    except (OSError, UnicodeDecodeError) as error:
        complain(f"cannot read the file ({type(error).__name__})")
        return UNREADABLE
    return WHOLE


def _report_export(question: Question, kept: Kept, say: Say, complain: Say) -> None:
    verified = verify_export(ExportFile(question.file), kept=kept, progress=_Progress(complain))
    proofs = [read_consistency(path.read_text(encoding="utf-8")) for path in question.proofs]
    open_sizes = unlinked(kept, verified.checkpoint, verified.compared, proofs)
    if len(verified.heads) <= MOST_CHAINS_NAMED:
        for chain, (number, head) in verified.heads.items():
            say(f"{chain}  {number} entries  head {head}")
    _say_tree(verified, say)
    if question.witness is not None:
        say(f"witness  {len(kept.roots) - len(open_sizes)} of {len(kept.roots)} kept checkpoints are part of this tree")
    if open_sizes:
        newest = verified.checkpoint.size if verified.checkpoint else 0
        msg = f"the kept checkpoint of size {open_sizes[-1]}"
        raise AuditExportTouched(msg, f"not comparable: ask for the proof 'audit prove --consistency {open_sizes[-1]} {newest}'")
    say(f"OK  {verified.entry_count} entries in {len(verified.heads)} chains are as they were written")
    if question.append and question.witness is not None:
        added = new_lines(verified, kept)
        with question.witness.open("a", encoding="utf-8") as file:
            file.writelines(added)
        say(f"kept  {len(added)} new lines in {question.witness.name}")


def _say_tree(verified: VerifiedExport, say: Say) -> None:
    if verified.checkpoint is not None:
        say(f"tree  {verified.checkpoint.size} entries  root {verified.checkpoint.root.hex()}  key {verified.header['log_key']}")
    if verified.waiting:
        say(f"note  {verified.waiting} entries are not under a checkpoint yet: only their chain holds them")
    if verified.pruned:
        say(f"note  {verified.pruned} entries are pruned to their hashes, as their chains say")


def _report_inclusion(question: Question, kept: Kept, say: Say) -> None:
    proof = read_inclusion(question.file.read_text(encoding="utf-8")[:PROOF_BYTES])
    checkpoint = verify_inclusion(proof, _key(kept))
    if kept.roots.get(checkpoint.size, checkpoint.root) != checkpoint.root:
        raise AuditProofWrong("a witness keeps another root of this size")
    say(proof.entry["body"])
    say(f"OK  this entry is leaf {proof.index} of the tree of {checkpoint.size} entries  root {checkpoint.root.hex()}")


def _report_growth(question: Question, kept: Kept, say: Say) -> None:
    proof = read_consistency(question.file.read_text(encoding="utf-8")[:PROOF_BYTES])
    old, new = verify_growth(proof, _key(kept))
    for one in (old, new):
        if kept.roots.get(one.size, one.root) != one.root:
            msg = f"a witness keeps another root of size {one.size}"
            raise AuditProofWrong(msg)
    say(f"OK  the tree of {new.size} entries begins with the tree of {old.size}")


def _key(kept: Kept) -> LogKey:
    if kept.key is None:
        raise AuditCheckpointWrong("a proof alone needs the log's key: give --key or --witness")
    return kept.key


class _Progress:
    """A line on standard error every two seconds."""

    def __init__(self, complain: Say) -> None:
        self._complain, self._told = complain, time.monotonic()

    def __call__(self, count: int, total: int) -> None:
        if time.monotonic() - self._told >= 2:  # noqa: PLR2004  seconds between two lines
            self._told = time.monotonic()
            self._complain(f"{count:,} of {total:,} entries ({100 * count // max(total, 1)} %)")
