"""Committed entries come under a signed checkpoint in a global order without a gap; what was touched is not signed over."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, connections, transaction

from conferences.audit.kept_by import append_checkpoint
from conferences.audit.proof import read_consistency, read_inclusion, verify_growth, verify_inclusion
from conferences.errors import AuditCheckpointWrong, AuditNotInTree, AuditTreeTouched
from conferences.models import AuditCheckpoint, AuditEntry, AuditTile, Conference, Organisation
from conferences.selectors.audit_tree import log_key, prove_entry, prove_growth
from conferences.services.audit import Fact, record, record_all
from conferences.services.audit_tree import extend_tree
from tests.conferences.audit import rfc9162

pytestmark = pytest.mark.requirement("AUDIT-2")


def write(organisation: Organisation, now: datetime, count: int) -> None:
    with transaction.atomic():
        record_all(facts=[Fact("audit.viewed") for _ in range(count)], at=now, actor="x", organisation=organisation)


def leaves() -> list[int | None]:
    return list(AuditEntry.objects.order_by("id").values_list("leaf", flat=True))


def test_entries_get_their_places_once(organisation: Organisation, now: datetime) -> None:
    write(organisation, now, 3)
    assert leaves() == [None] * 3
    assert [extend_tree(now=now, limit=2), extend_tree(now=now, limit=2), extend_tree(now=now)] == [2, 1, 0]
    assert leaves() == [0, 1, 2]
    assert list(AuditCheckpoint.objects.order_by("size").values_list("size", flat=True)) == [2, 3]


def test_proofs_hold_before_an_independent_verifier(organisation: Organisation, now: datetime) -> None:
    write(organisation, now, 300)
    extend_tree(now=now, limit=130)
    extend_tree(now=now)
    data = [bytes.fromhex(one) for one in AuditEntry.objects.order_by("leaf").values_list("hash", flat=True)]
    root = rfc9162.merkle_tree_hash(data)
    proof = read_inclusion(prove_entry(chain="organisation:weaver", number=42).text())
    assert verify_inclusion(proof, log_key()).root == root
    assert rfc9162.is_included(data[41], 41, 300, proof.path, root)
    growth = read_consistency(prove_growth(old=130, new=300).text())
    old, new = verify_growth(growth, log_key())
    assert rfc9162.is_consistent(130, 300, old.root, new.root, growth.path)
    assert (old.root, new.root) == (rfc9162.merkle_tree_hash(data[:130]), root)


def test_no_proof_of_what_is_not_there(organisation: Organisation, now: datetime) -> None:
    write(organisation, now, 2)
    with pytest.raises(AuditNotInTree):
        prove_entry(chain="organisation:weaver", number=1)
    extend_tree(now=now)
    for chain, number in (("organisation:weaver", 3), ("organisation:other", 1)):
        with pytest.raises(AuditNotInTree):
            prove_entry(chain=chain, number=number)
    with pytest.raises(CommandError):
        call_command("audit", "prove", "--consistency", "1", "2")


@pytest.mark.parametrize("touch", ["tile", "checkpoint", "checkpoint gone", "root"])
def test_nothing_is_signed_over_a_touched_tree(organisation: Organisation, now: datetime, touch: str) -> None:
    write(organisation, now, 5)
    extend_tree(now=now)
    if touch == "tile":
        AuditTile.objects.update(hashes=b"\x00" * 160)
    elif touch == "checkpoint gone":
        AuditCheckpoint.objects.all().delete()
    elif touch == "root":
        AuditCheckpoint.objects.update(root=b"\x00" * 32)
    else:
        AuditCheckpoint.objects.update(size=4)
    before = list(AuditCheckpoint.objects.values_list("size", flat=True))
    write(organisation, now, 1)
    with pytest.raises(AuditTreeTouched):
        extend_tree(now=now)
    assert list(AuditCheckpoint.objects.values_list("size", flat=True)) == before
    assert leaves()[-1] is None


@pytest.mark.django_db(transaction=True)
def test_several_extend_while_others_write(now: datetime) -> None:
    organisation = Organisation.objects.create(name="Weaver", slug="weaver")
    chains = [None, organisation]
    over = threading.Event()

    def writes(owner: Organisation | None) -> None:
        for _ in range(40):
            with transaction.atomic():
                record(event="audit.viewed", at=now, actor="x", organisation=owner)
        connections.close_all()

    def extends() -> None:
        while not over.is_set():
            extend_tree(now=datetime.now(UTC), limit=7)
        connections.close_all()

    writers = [threading.Thread(target=writes, args=[owner]) for owner in (*chains, *chains)]
    extenders = [threading.Thread(target=extends) for _ in range(2)]
    for thread in (*writers, *extenders):
        thread.start()
    for thread in writers:
        thread.join()
    over.set()
    for thread in extenders:
        thread.join()
    while extend_tree(now=now):
        pass
    rows = list(AuditEntry.objects.order_by("leaf").values_list("leaf", "chain", "number", "hash"))
    assert [row[0] for row in rows] == list(range(160))
    for chain in ("system", "organisation:weaver"):
        assert [number for _, name, number, _ in rows if name == chain] == list(range(1, 81))
    last = AuditCheckpoint.objects.order_by("-size")[0]
    assert bytes(last.root) == rfc9162.merkle_tree_hash([bytes.fromhex(row[3]) for row in rows])


def test_a_fact_costs_two_statements(schedule: Callable[..., Conference], now: datetime, django_assert_num_queries) -> None:
    conference = schedule()
    assert connection.in_atomic_block
    with django_assert_num_queries(2):
        record_all(facts=[Fact("key.denied") for _ in range(20)], at=now, actor="x", conference=conference)


def test_a_witness_keeps_what_continues_and_nothing_else(organisation: Organisation, now: datetime, tmp_path: Path) -> None:
    file = tmp_path / "kept.jsonl"
    write(organisation, now, 3)
    extend_tree(now=now)
    append_checkpoint(file)
    write(organisation, now, 4)
    extend_tree(now=now)
    append_checkpoint(file)
    assert append_checkpoint(file).startswith("nothing new")
    kept = file.read_text()
    assert len(kept.splitlines()) == 2
    file.write_text(kept.splitlines()[1].replace("\\n7\\n", "\\n9\\n") + "\n")
    with pytest.raises(AuditCheckpointWrong):
        append_checkpoint(file)
    AuditCheckpoint.objects.filter(size=7).delete()
    file.write_text(kept)
    with pytest.raises(AuditNotInTree, match="cut off"):
        append_checkpoint(file)
    assert file.read_text() == kept
