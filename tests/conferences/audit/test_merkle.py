"""Proofs of the product hold before a verifier that was written from RFC 9162 alone, for trees of any size."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conferences.audit.merkle import (
    Frontier,
    check_consistency,
    check_inclusion,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    root_of,
)
from conferences.audit.tiles import TileTree
from conferences.errors import AuditProofWrong
from tests.conferences.audit import rfc9162

pytestmark = pytest.mark.requirement("AUDIT-2")
MOST = 700  # more than two tiles
ENTRIES = [number.to_bytes(32) for number in range(MOST)]
few = settings(max_examples=60, deadline=None)


def tree_of(size: int, steps: tuple[int, ...] = ()) -> TileTree:
    """A tree that grew in ``steps``, each from what the one before it stored."""
    stored: dict[tuple[int, int], bytes] = {}
    at = 0
    for end in (*steps, size):
        tree = TileTree(at, stored.__getitem__)
        tree.append(leaf_hash(one) for one in ENTRIES[at:end])
        stored |= tree.changed
        at = end
    return TileTree(size, stored.__getitem__)


@few
@given(st.lists(st.integers(0, MOST), min_size=1, max_size=5).map(sorted))
def test_root_is_that_of_the_rfc_however_the_tree_grew(sizes):
    *steps, size = sizes
    expected = rfc9162.merkle_tree_hash(ENTRIES[:size])
    assert root_of(size, tree_of(size, tuple(steps)).node) == expected
    edge = Frontier()
    for one in ENTRIES[:size]:
        edge.push(leaf_hash(one))
    assert edge.root() == expected


@few
@given(st.integers(1, MOST).flatmap(lambda size: st.tuples(st.integers(0, size - 1), st.just(size))))
def test_inclusion(place):
    index, size = place
    found = inclusion_proof(index, size, tree_of(size).node)
    root = rfc9162.merkle_tree_hash(ENTRIES[:size])
    assert found == rfc9162.path(index, ENTRIES[:size])
    assert rfc9162.is_included(ENTRIES[index], index, size, found, root)
    check_inclusion(leaf=leaf_hash(ENTRIES[index]), index=index, size=size, path=found, root=root)
    wrong = [{"leaf": leaf_hash(b"x")}, {"index": index ^ 1}, {"path": [*found, root]}, {"root": leaf_hash(b"x")}]
    if found:
        wrong += [{"path": found[:-1]}, {"path": [root, *found[1:]]}]
    right = {"leaf": leaf_hash(ENTRIES[index]), "index": index, "size": size, "path": found, "root": root}
    for other in wrong:
        with pytest.raises(AuditProofWrong):
            check_inclusion(**(right | other))


@few
@given(st.integers(1, MOST).flatmap(lambda size: st.tuples(st.integers(1, size), st.just(size))))
def test_consistency(sizes):
    old, new = sizes
    found = consistency_proof(old, new, tree_of(new).node)
    before, after = (rfc9162.merkle_tree_hash(ENTRIES[:size]) for size in sizes)
    assert found == rfc9162.proof(old, ENTRIES[:new])
    assert rfc9162.is_consistent(old, new, before, after, found)
    check_consistency(old=(old, before), new=(new, after), path=found)
    for path in ([*found, before], found[1:] if found else [before]):
        with pytest.raises(AuditProofWrong):
            check_consistency(old=(old, before), new=(new, after), path=path)
    with pytest.raises(AuditProofWrong):
        check_consistency(old=(old, leaf_hash(b"x")), new=(new, after), path=found)


def test_a_proof_reads_few_tiles():
    size = 70_000
    stored: dict[tuple[int, int], bytes] = {}
    tree = TileTree(0, stored.__getitem__)
    tree.append(leaf_hash(number.to_bytes(32)) for number in range(size))
    stored = tree.changed
    reads: list[tuple[int, int]] = []
    reader = TileTree(size, lambda name: reads.append(name) or stored[name])
    found = inclusion_proof(41_234, size, reader.node)
    check_inclusion(leaf=leaf_hash((41_234).to_bytes(32)), index=41_234, size=size, path=found, root=root_of(size, reader.node))
    assert len(reads) <= 6
    assert len(stored) < 300
