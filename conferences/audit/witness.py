"""A witness's file: what an outsider keeps of a log, line by line, so that no later export can tell another past. Pure.

JSON lines: ``{"kind": "checkpoint", "key", "note"}`` and ``{"kind": "head", "chain", "number", "head"}``. Lines are only
appended, and only after they were found to continue what is kept.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from conferences.audit.checkpoint import Checkpoint, LogKey, open_checkpoint, read_log_key
from conferences.audit.lines import parse_line, whole
from conferences.audit.proof import ConsistencyProof, verify_growth
from conferences.audit.verify import Kept, VerifiedExport
from conferences.errors import AuditCheckpointWrong, AuditExportTouched


def read_witness(lines: Iterable[str]) -> Kept:
    """What a witness keeps.

    Raises:
        AuditCheckpointWrong: a kept checkpoint is not signed by the kept key, or two keys or roots contradict each other.
        AuditExportTouched: a line is not of its form.

    """
    key: LogKey | None = None
    roots: dict[int, bytes] = {}
    heads: dict[str, dict[int, str]] = {}
    for line, text in enumerate(lines, 1):
        members = parse_line(line, text)
        if members.get("kind") == "head":
            _keep_head(line, members, heads)
            continue
        named = read_log_key(str(members.get("key")))
        if named != (key or named):
            raise AuditCheckpointWrong("two keys of one log are kept")
        key = named
        checkpoint = open_checkpoint(str(members.get("note")), key)
        if roots.setdefault(checkpoint.size, checkpoint.root) != checkpoint.root:
            msg = f"two different checkpoints of size {checkpoint.size} are kept: the log signed both"
            raise AuditCheckpointWrong(msg)
    return Kept(key, roots, heads)


def _keep_head(line: int, members: dict[str, Any], heads: dict[str, dict[int, str]]) -> None:
    try:
        heads.setdefault(str(members["chain"]), {})[whole(members["number"])] = str(members["head"])
    except (KeyError, TypeError, ValueError):
        msg = f"line {line} of the witness's file"
        raise AuditExportTouched(msg, "malformed") from None


def unlinked(kept: Kept, checkpoint: Checkpoint | None, seen: Iterable[int], proofs: Iterable[ConsistencyProof]) -> list[int]:
    """Kept tree sizes that neither the export itself nor a proof links to ``checkpoint``.

    Raises:
        AuditProofWrong, AuditCheckpointWrong: a proof does not hold.
        AuditExportTouched: a proof shows another tree than the kept one.

    """
    linked = set(seen)
    for proof in proofs:
        if kept.key is None or checkpoint is None:
            break
        old, new = verify_growth(proof, kept.key)
        if kept.roots.get(old.size) == old.root and new.size == checkpoint.size:
            if new.root != checkpoint.root:
                raise AuditExportTouched("the tree", f"changed: two roots of the first {new.size} entries were signed")
            linked.add(old.size)
    return sorted(kept.roots.keys() - linked)


def new_lines(verified: VerifiedExport, kept: Kept) -> list[str]:
    """Lines to append to a witness's file after ``verified`` was found to continue ``kept``.

    Chain heads are kept of exports of single chains only: in a full export the checkpoint covers every chain.
    """
    lines = []
    checkpoint = verified.checkpoint
    if checkpoint is not None and checkpoint.size not in kept.roots:
        lines.append({"kind": "checkpoint", "key": verified.header["log_key"], "note": checkpoint.note})
    if verified.header.get("scope") != "all":
        for name, (number, head) in verified.heads.items():
            if number not in kept.heads.get(name, {}):
                lines.append({"kind": "head", "chain": name, "number": number, "head": head})
    return [json.dumps(line, ensure_ascii=False) + "\n" for line in lines]


def kept_in(path: Path | None) -> Kept:
    """What the file keeps; nothing where there is no file."""
    if path is None or not path.exists():
        return Kept()
    with path.open(encoding="utf-8") as lines:
        return read_witness(lines)
