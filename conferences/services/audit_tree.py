"""Putting committed entries into the tree, and signing it: some moments after the fact, in a global order without a gap.

Writers of entries never wait for this. The order within a chain is the chain's own: an entry is committed before its
successor gets an id, so the lowest ids that can be seen hold no entry without its predecessors.
"""

from datetime import datetime

from django.conf import settings
from django.db import connection, transaction

from conferences.audit.checkpoint import LogKey, sign_checkpoint
from conferences.audit.merkle import leaf_hash, root_of
from conferences.audit.tiles import TileTree
from conferences.errors import AuditTreeTouched
from conferences.models import AuditCheckpoint, AuditEntry, AuditTile, AuditTree
from conferences.selectors.audit_tree import latest_checkpoint, stored_tree
from conferences.services.audit_key import log_signing_key

ENTRIES_A_STEP = 5000
_PLACE = """
    UPDATE conferences_auditentry AS entry SET leaf = place.leaf
    FROM unnest(%s::bigint[], %s::bigint[]) AS place (id, leaf) WHERE entry.id = place.id
"""


def extend_tree(*, now: datetime, limit: int = ENTRIES_A_STEP) -> int:
    """Put up to ``limit`` waiting entries into the tree and sign one checkpoint over it; returns how many these were.

    Several at once do no harm: whoever does not get the tree's row leaves the work to the other.

    Raises:
        AuditTreeTouched: the stored tree does not lead to the last checkpoint. Nothing is signed; the entries wait.
        OSError: the signing key is not there.

    """
    if not AuditEntry.objects.filter(leaf=None).exists():
        return 0
    _begin()
    with transaction.atomic():
        # To extend the tree we must, in this order:
        #   1. hold its row alone
        #   2. find that what is stored still has the root that was signed last
        #   3. take waiting entries in the order of their ids, and give each its place
        #   4. store the new hashes, and sign
        # (1)
        tree = AuditTree.objects.select_for_update(skip_locked=True).first()
        if tree is None:
            return 0
        # (2)
        stored = stored_tree(tree.size)
        _check_last(tree, stored)
        # (3)
        waiting = list(AuditEntry.objects.filter(leaf=None).order_by("id").values_list("id", "hash")[:limit])
        if not waiting:
            return 0
        with connection.cursor() as cursor:
            cursor.execute(_PLACE, [[pk for pk, _ in waiting], list(range(tree.size, tree.size + len(waiting)))])
        # (4)
        stored.append(leaf_hash(bytes.fromhex(digest)) for _, digest in waiting)
        _store(stored)
        _sign(tree, stored, now)
    return len(waiting)


def _begin() -> None:
    """The tree's row, made with the first entry: its name and key are those of this moment."""
    if not AuditTree.objects.exists():
        key = _key_named(settings.AUDIT_ORIGIN)
        AuditTree.objects.get_or_create(pk=1, defaults={"origin": key.name, "log_key": key.text})


def _key_named(name: str) -> LogKey:
    return LogKey(name, log_signing_key().public_key().public_bytes_raw())


def _check_last(tree: AuditTree, stored: TileTree) -> None:
    if _key_named(tree.origin).text != tree.log_key:
        raise AuditTreeTouched("the signing key is not the one that this log began with")
    last = latest_checkpoint()
    if (last.size if last else 0) != tree.size:
        raise AuditTreeTouched("the last checkpoint is not that of the stored tree")
    if last and root_of(tree.size, stored.node) != bytes(last.root):
        raise AuditTreeTouched("the stored tree does not have the root that was signed")


def _store(stored: TileTree) -> None:
    tiles = [AuditTile(level=level, index=index, hashes=hashes) for (level, index), hashes in stored.changed.items()]
    AuditTile.objects.bulk_create(
        tiles, batch_size=200, update_conflicts=True, unique_fields=["level", "index"], update_fields=["hashes"]
    )


def _sign(tree: AuditTree, stored: TileTree, now: datetime) -> None:
    root = root_of(stored.size, stored.node)
    note = sign_checkpoint(origin=tree.origin, size=stored.size, root=root, key=log_signing_key())
    AuditCheckpoint.objects.create(size=stored.size, root=root, note=note, at=now)
    tree.size = stored.size
    tree.save(update_fields=["size"])
