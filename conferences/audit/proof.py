"""Proofs as files: one entry in the tree (C2SP tlog-proof), one tree that continues another (JSON). Pure."""

import base64
import binascii
import hashlib
import json
from dataclasses import dataclass

from conferences.audit.checkpoint import Checkpoint, LogKey, open_checkpoint
from conferences.audit.merkle import check_consistency, check_inclusion, leaf_hash
from conferences.errors import AuditProofWrong

PROOF_MARK = "c2sp.org/tlog-proof@v1"
CONSISTENCY_MARK = "conclave-audit-consistency/1"


@dataclass(frozen=True, slots=True)
class InclusionProof:
    """That an entry stands at ``index`` under the checkpoint ``note``. ``entry`` holds ``previous`` and ``body``."""

    index: int
    path: list[bytes]
    note: str
    entry: dict[str, str]

    def text(self) -> str:
        """The file. Spec: C2SP tlog-proof; the extra data is the entry as JSON."""
        extra = base64.b64encode(json.dumps(self.entry, ensure_ascii=False).encode()).decode()
        lines = [PROOF_MARK, f"extra {extra}", f"index {self.index}", *(base64.b64encode(one).decode() for one in self.path)]
        return "\n".join(lines) + "\n\n" + self.note


@dataclass(frozen=True, slots=True)
class ConsistencyProof:
    """That the checkpoint ``new`` continues the checkpoint ``old``; both are signed notes."""

    old: str
    new: str
    path: list[bytes]

    def text(self) -> str:
        """The file: one JSON object."""
        hashes = [base64.b64encode(one).decode() for one in self.path]
        members = {"format": CONSISTENCY_MARK, "old": self.old, "new": self.new, "hashes": hashes}
        return json.dumps(members, ensure_ascii=False, indent=1) + "\n"


def read_inclusion(text: str) -> InclusionProof:
    """Parse a tlog-proof.

    Raises:
        AuditProofWrong: it is not one, or it carries no entry.

    """
    head, gap, note = text.partition("\n\n")
    lines = head.split("\n")
    try:
        mark, extra, index, *hashes = lines
        entry = json.loads(base64.b64decode(extra.removeprefix("extra "), validate=True))
        proof = InclusionProof(
            int(index.removeprefix("index ")),
            [base64.b64decode(one, validate=True) for one in hashes],
            note,
            {"previous": str(entry["previous"]), "body": str(entry["body"])},
        )
    except (ValueError, KeyError, TypeError, binascii.Error, RecursionError):
        raise AuditProofWrong("this is not a proof of an entry") from None
    if mark != PROOF_MARK or not gap:
        raise AuditProofWrong("this is not a proof of an entry")
    return proof


def read_consistency(text: str) -> ConsistencyProof:
    """Parse a consistency proof.

    Raises:
        AuditProofWrong: it is not one.

    """
    try:
        members = json.loads(text)
        proof = ConsistencyProof(
            str(members["old"]), str(members["new"]), [base64.b64decode(one, validate=True) for one in members["hashes"]]
        )
    except (ValueError, KeyError, TypeError, binascii.Error, RecursionError):
        raise AuditProofWrong("this is not a consistency proof") from None
    if members.get("format") != CONSISTENCY_MARK:
        raise AuditProofWrong("this is not a consistency proof")
    return proof


def verify_inclusion(proof: InclusionProof, key: LogKey) -> Checkpoint:
    """The checkpoint under which the proof's entry stands.

    Raises:
        AuditCheckpointWrong: it is not signed by ``key``.
        AuditProofWrong: the entry does not stand there.

    """
    checkpoint = open_checkpoint(proof.note, key)
    data = hashlib.sha256(f"{proof.entry['previous']}{proof.entry['body']}".encode()).digest()
    check_inclusion(leaf=leaf_hash(data), index=proof.index, size=checkpoint.size, path=proof.path, root=checkpoint.root)
    return checkpoint


def verify_growth(proof: ConsistencyProof, key: LogKey) -> tuple[Checkpoint, Checkpoint]:
    """Both checkpoints, of which the second continues the first.

    Raises:
        AuditCheckpointWrong: one is not signed by ``key``.
        AuditProofWrong: the second does not continue the first.

    """
    old, new = open_checkpoint(proof.old, key), open_checkpoint(proof.new, key)
    check_consistency(old=(old.size, old.root), new=(new.size, new.root), path=proof.path)
    return old, new
