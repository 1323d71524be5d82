"""Proofs from an export alone are those of the database, and nothing is proved from a file that was touched."""

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from conferences.audit.export import export_lines
from conferences.audit.proof import read_consistency, read_inclusion, verify_growth, verify_inclusion
from conferences.models import AuditChain, AuditCheckpoint, AuditEntry
from conferences.selectors.audit_tree import log_key, prove_entry, prove_growth
from conferences.services.audit import Fact, record_all
from conferences.services.audit_tree import extend_tree
from tests.conferences.audit import rfc9162

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("AUDIT-2")]
CHAIN = "organisation:weaver"


@pytest.fixture
def export(organisation, now, tmp_path) -> Path:
    """300 entries under checkpoints of 130 and 300, and one that waits."""
    record_all(facts=[Fact("audit.viewed") for _ in range(300)], at=now, actor="x", organisation=organisation)
    extend_tree(now=now, limit=130)
    extend_tree(now=now)
    record_all(facts=[Fact("audit.viewed")], at=now, actor="x", organisation=organisation)
    file = tmp_path / "evidence.jsonl"
    file.write_text("".join(export_lines(now=now)))
    return file


def prove(*arguments: str) -> str:
    output = StringIO()
    call_command("audit", "prove", *arguments, stdout=output)
    return output.getvalue()


def forget() -> None:
    for model in (AuditEntry, AuditChain, AuditCheckpoint):
        model.objects.all().delete()


def test_they_are_those_of_the_database(export):
    key, number = log_key(), 42
    data = [bytes.fromhex(one) for one in AuditEntry.objects.exclude(leaf=None).order_by("leaf").values_list("hash", flat=True)]
    asked = prove_entry(chain=CHAIN, number=number).text(), prove_growth(old=130, new=300).text()
    forget()
    found = (
        prove("--entry", f"{CHAIN}#{number}", "--from", str(export)),
        prove("--consistency", "130", "300", "--from", str(export)),
    )
    assert found == asked
    proof, growth = read_inclusion(found[0]), read_consistency(found[1])
    root = rfc9162.merkle_tree_hash(data)
    assert verify_inclusion(proof, key).root == root
    assert rfc9162.is_included(data[number - 1], number - 1, 300, proof.path, root)
    assert [point.size for point in verify_growth(growth, key)] == [130, 300]


@pytest.mark.parametrize("asked", [("--entry", f"{CHAIN}#301"), ("--entry", "other#1"), ("--consistency", "129", "300")])
def test_what_is_not_in_the_tree_is_not_proved(export, asked):
    with pytest.raises(CommandError, match=r"not in the tree|no checkpoint of size 129"):
        prove(*asked, "--from", str(export))


def test_nothing_is_proved_from_a_file_that_was_touched(export):
    lines = export.read_text().splitlines(keepends=True)
    lines[20] = lines[20].replace("audit.viewed", "audit.change")
    export.write_text("".join(lines))
    with pytest.raises(CommandError, match=r"#\d+ \(line \d+\)"):
        prove("--entry", f"{CHAIN}#100", "--from", str(export))


def test_an_export_of_some_chains_holds_no_tree(export, organisation, now, tmp_path):
    part = tmp_path / "part.jsonl"
    part.write_text("".join(export_lines(now=now, organisation=organisation)))
    with pytest.raises(CommandError, match="export of everything"):
        prove("--entry", f"{CHAIN}#1", "--from", str(part))


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(CommandError, match=r"nowhere\.jsonl"):
        prove("--entry", f"{CHAIN}#1", "--from", str(tmp_path / "nowhere.jsonl"))
