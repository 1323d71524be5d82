"""The stored tree for reading: tiles, checkpoints, proofs. Each proof reads O(log n) tiles."""

from conferences.audit.checkpoint import Checkpoint, LogKey, open_checkpoint, read_log_key
from conferences.audit.merkle import consistency_proof, inclusion_proof
from conferences.audit.proof import ConsistencyProof, InclusionProof
from conferences.audit.tiles import Tile, TileTree
from conferences.errors import AuditNotInTree
from conferences.models import AuditCheckpoint, AuditEntry, AuditTile, AuditTree


def audit_tree() -> AuditTree | None:
    """The tree's row; None before the first entry was put into it."""
    return AuditTree.objects.first()


def load_tile(tile: Tile) -> bytes:
    """Hashes of one tile.

    Raises:
        AuditNotInTree: it is not stored.

    """
    level, index = tile
    found = AuditTile.objects.filter(level=level, index=index).values_list("hashes", flat=True).first()
    if found is None:
        msg = f"tile {index} of level {level} is missing"
        raise AuditNotInTree(msg)
    return bytes(found)


def stored_tree(size: int) -> TileTree:
    """Nodes of the tree of ``size`` leaves, read when they are needed."""
    return TileTree(size, load_tile)


def log_key() -> LogKey:
    """The log's public key.

    Raises:
        AuditNotInTree: nothing was ever signed.

    """
    tree = audit_tree()
    if tree is None:
        raise AuditNotInTree("no checkpoint was signed yet")
    return read_log_key(tree.log_key)


def latest_checkpoint() -> AuditCheckpoint | None:
    """The checkpoint over the most entries."""
    return AuditCheckpoint.objects.order_by("-size").first()


def checkpoint_of(size: int) -> Checkpoint:
    """The verified checkpoint over exactly ``size`` entries.

    Raises:
        AuditNotInTree: none was signed.
        AuditCheckpointWrong: its row was touched.

    """
    row = AuditCheckpoint.objects.filter(size=size).first()
    if row is None:
        msg = f"no checkpoint of size {size} was signed"
        raise AuditNotInTree(msg)
    return open_checkpoint(row.note, log_key())


def prove_entry(*, chain: str, number: int) -> InclusionProof:
    """Proof that one entry stands in the tree of the latest checkpoint.

    Raises:
        AuditNotInTree: there is no such entry, or it is not in the tree yet.

    """
    entry = AuditEntry.objects.filter(chain=chain, number=number).first()
    latest = latest_checkpoint()
    if entry is None or entry.leaf is None or latest is None or entry.leaf >= latest.size:
        raise AuditNotInTree("the entry is not in the tree")
    path = inclusion_proof(entry.leaf, latest.size, stored_tree(latest.size).node)
    return InclusionProof(entry.leaf, path, latest.note, {"previous": entry.previous, "body": entry.body})


def prove_growth(*, old: int, new: int) -> ConsistencyProof:
    """Proof that the checkpoint of size ``new`` continues that of size ``old``.

    Raises:
        AuditNotInTree: one of them was never signed.

    """
    before, after = checkpoint_of(old), checkpoint_of(new)
    return ConsistencyProof(before.note, after.note, consistency_proof(old, new, stored_tree(new).node))
