"""Merkle tree of the audit: hashes, the right edge of a growing tree, and the two proofs. Pure; no database.

A leaf's data is the 32-byte hash of an audit entry, so a leaf stands for its entry and for the whole chain before it.

Spec: RFC 9162, section 2.1.
"""

import hashlib
from collections.abc import Callable, Sequence

from conferences.errors import AuditProofWrong

Node = Callable[[int, int], bytes]
"""Hash of the complete subtree of ``2 ** level`` leaves at ``index``: ``node(level, index)``, 32 bytes."""

EMPTY_ROOT = hashlib.sha256(b"").digest()


def leaf_hash(data: bytes) -> bytes:
    """SHA-256(0x00 ‖ data). Spec: RFC 9162, section 2.1.1."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 ‖ left ‖ right). Spec: RFC 9162, section 2.1.1."""
    return hashlib.sha256(b"\x01" + left + right).digest()


class Frontier:
    """Right edge of a tree that grows from left to right: O(log n) hashes, whatever its size."""

    def __init__(self) -> None:
        self.size = 0
        self._edge: list[tuple[int, bytes]] = []

    def push(self, digest: bytes, level: int = 0) -> None:
        """Append a leaf hash, or the hash of a complete subtree of ``2 ** level`` leaves.

        Raises:
            AuditProofWrong: a subtree of this level cannot stand here.

        """
        if self.size % (1 << level):
            raise AuditProofWrong("a subtree stands where it cannot")
        self.size += 1 << level
        while self._edge and self._edge[-1][0] == level:
            digest = node_hash(self._edge.pop()[1], digest)
            level += 1
        self._edge.append((level, digest))

    def root(self) -> bytes:
        """Root of the tree as it is now."""
        if not self._edge:
            return EMPTY_ROOT
        digest = self._edge[-1][1]
        for _, left in reversed(self._edge[:-1]):
            digest = node_hash(left, digest)
        return digest


def root_of(size: int, node: Node) -> bytes:
    """Root of the first ``size`` leaves."""
    return _range_hash(0, size, node) if size else EMPTY_ROOT


def inclusion_proof(index: int, size: int, node: Node) -> list[bytes]:
    """Hashes from the leaf's sibling up to the root's child. Spec: RFC 9162, section 2.1.3.1."""
    if not 0 <= index < size:
        raise AuditProofWrong("the leaf is not in this tree")
    path: list[bytes] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            path.append(_range_hash(middle, end, node))
            end = middle
        else:
            path.append(_range_hash(start, middle, node))
            start = middle
    return path[::-1]


def consistency_proof(old: int, new: int, node: Node) -> list[bytes]:
    """Hashes that lead from the first ``old`` leaves to the first ``new``. Spec: RFC 9162, section 2.1.4.1."""
    if not 0 < old <= new:
        raise AuditProofWrong("there is no such pair of trees")
    path: list[bytes] = []
    start, end, whole = 0, new, True
    while old != end:
        middle = start + _split(end - start)
        if old <= middle:
            path.append(_range_hash(middle, end, node))
            end = middle
        else:
            path.append(_range_hash(start, middle, node))
            start, whole = middle, False
    if not whole:
        path.append(_range_hash(start, end, node))
    return path[::-1]


def check_inclusion(*, leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> None:
    """Check that ``leaf`` (a leaf hash) stands at ``index`` of the tree. Spec: RFC 9162, section 2.1.3.2.

    Raises:
        AuditProofWrong: it does not, or the proof is not one of this tree.

    """
    if not 0 <= index < size:
        raise AuditProofWrong("the leaf is not in this tree")
    place, last, digest = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            raise AuditProofWrong("the proof is too long")
        if place & 1 or place == last:
            digest = node_hash(sibling, digest)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            digest = node_hash(digest, sibling)
        place, last = place >> 1, last >> 1
    if last or digest != root:
        raise AuditProofWrong("the proof does not lead to the root")


def check_consistency(*, old: tuple[int, bytes], new: tuple[int, bytes], path: Sequence[bytes]) -> None:
    """Check that the tree ``new`` (size, root) begins with the tree ``old``. Spec: RFC 9162, section 2.1.4.2.

    Raises:
        AuditProofWrong: it does not, or the proof is not one of these trees.

    """
    (old_size, old_root), (new_size, new_root) = old, new
    if old_size == new_size:
        _same(old_root == new_root and not path)
        return
    if not 0 < old_size < new_size or not path:
        raise AuditProofWrong("there is no such pair of trees")
    place, last = old_size - 1, new_size - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    rest = list(path)
    of_old = of_new = rest.pop(0) if place else old_root
    for sibling in rest:
        if last == 0:
            raise AuditProofWrong("the proof is too long")
        if place & 1 or place == last:
            of_old, of_new = node_hash(sibling, of_old), node_hash(sibling, of_new)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            of_new = node_hash(of_new, sibling)
        place, last = place >> 1, last >> 1
    _same(last == 0 and of_old == old_root and of_new == new_root)


def _same(holds: bool) -> None:  # noqa: FBT001  the comparison that was just made
    if not holds:
        raise AuditProofWrong("the trees are not one tree that grew")


def _range_hash(start: int, end: int, node: Node) -> bytes:
    """Hash of leaves ``start`` … ``end - 1`` where ``start`` is a multiple of the largest power of two within."""
    length = end - start
    if length & (length - 1) == 0:
        level = length.bit_length() - 1
        return node(level, start >> level)
    middle = start + _split(length)
    return node_hash(_range_hash(start, middle, node), _range_hash(middle, end, node))


def _split(length: int) -> int:
    """Largest power of two below ``length``."""
    return 1 << ((length - 1).bit_length() - 1)
