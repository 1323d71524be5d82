"""A witness's file on a machine that reaches the database: the latest checkpoint is appended if it continues what is kept."""

import json
from pathlib import Path

from conferences.audit.checkpoint import open_checkpoint
from conferences.audit.proof import verify_growth
from conferences.audit.witness import kept_in
from conferences.errors import AuditCheckpointWrong, AuditNotInTree
from conferences.selectors.audit_tree import latest_checkpoint, log_key, prove_growth


def append_checkpoint(path: Path) -> str:
    """Append the latest checkpoint to ``path``; returns what was done, in words.

    Raises:
        AuditNotInTree: nothing was signed yet, or the log has lost what is kept.
        AuditCheckpointWrong: the log is signed by another key, or signed two trees of one size.
        AuditProofWrong: the log does not continue what is kept. Nothing is appended.

    """
    kept, latest, key = kept_in(path), latest_checkpoint(), log_key()
    if latest is None:
        raise AuditNotInTree("no checkpoint was signed yet")
    if kept.key is not None and kept.key != key:
        raise AuditCheckpointWrong("the log's key is not the one that is kept")
    checkpoint = open_checkpoint(latest.note, key)
    newest = max(kept.roots, default=0)
    if newest > checkpoint.size:
        msg = f"the log has {checkpoint.size} entries, {newest} were kept: its end was cut off"
        raise AuditNotInTree(msg)
    if newest == checkpoint.size:
        if kept.roots[newest] != checkpoint.root:
            raise AuditCheckpointWrong("the log signed two trees of one size")
        return f"nothing new since {newest} entries"
    if newest:
        old, _ = verify_growth(prove_growth(old=newest, new=checkpoint.size), key)
        if old.root != kept.roots[newest]:
            raise AuditCheckpointWrong("the log signed two trees of one size")
    line = {"kind": "checkpoint", "key": key.text, "note": checkpoint.note}
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line, ensure_ascii=False) + "\n")
    return f"kept: {checkpoint.size} entries, root {checkpoint.root.hex()}"
