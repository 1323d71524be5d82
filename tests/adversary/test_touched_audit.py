"""An operator who writes the database, and even signs with the log's key: what the chain shows, what only a witness does."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.core.management import call_command

from conferences.audit.export import export_lines
from conferences.audit.kept_by import append_checkpoint
from conferences.audit.report import Question, report
from conferences.audit.verify import verify_export
from conferences.errors import AuditExportTouched, ConferencesError
from conferences.models import AuditChain, AuditCheckpoint, AuditEntry, AuditTile, AuditTree, Conference, Organisation
from conferences.services.audit import EMPTY_HEAD, Fact, entry_hash, record_all
from conferences.services.audit_tree import extend_tree

pytestmark = [pytest.mark.requirement("AUDIT-1"), pytest.mark.django_db]
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.fixture
def conference(db: None) -> Conference:
    """A chain of 40 entries beside another one; a checkpoint every ten."""
    organisation = Organisation.objects.create(name="Weaver", slug="weaver")
    fields = {"organisation": organisation, "time_zone": "UTC", "duration_min": 60, "created_at": NOW}
    made = Conference.objects.create(title="Figures", initiator_identity="ada@weaver.example", starts_at=NOW, **fields)
    for step in range(4):
        for owner in ({"conference": made}, {"organisation": organisation}):
            facts = [Fact("key.denied", {"reason": f"{step} {n}"}) for n in range(10)]
            record_all(facts=facts, at=NOW + timedelta(minutes=step), actor="x", **owner)
        extend_tree(now=NOW)
    return made


def rewrite(chain: str, *, change: int) -> None:
    """Change the text of one entry and hash the whole chain anew from there: the chain alone shows nothing any more."""
    head = EMPTY_HEAD
    for row in AuditEntry.objects.filter(chain=chain).order_by("number"):
        body = row.body.replace('"actor":"x"', '"actor":"y"') if row.number == change else row.body
        AuditEntry.objects.filter(pk=row.pk).update(previous=head, body=body, hash=entry_hash(head, body))
        head = entry_hash(head, body)
    AuditChain.objects.filter(chain=chain).update(head=head)


def sign_anew() -> None:
    """Forge the whole tree with the log's own key."""
    for model in (AuditCheckpoint, AuditTile, AuditTree):
        model.objects.all().delete()
    AuditEntry.objects.update(leaf=None)
    while extend_tree(now=NOW):
        pass


def touched(**scope: object) -> AuditExportTouched:
    with pytest.raises(AuditExportTouched) as found:
        verify_export(list(export_lines(now=NOW, **scope)))
    return found.value


def test_a_changed_row_is_named_by_its_chain(conference: Conference) -> None:
    row = AuditEntry.objects.get(chain=conference.id, number=17)
    AuditEntry.objects.filter(pk=row.pk).update(body=row.body.replace('"x"', '"y"'))
    assert f"{conference.id} #17 " in touched().entry
    AuditEntry.objects.filter(pk=row.pk).update(body=row.body)
    AuditEntry.objects.filter(pk=row.pk).delete()
    assert touched().entry == f"{conference.id} #17"


def test_swapped_rows_are_named(conference: Conference) -> None:
    low, high = (AuditEntry.objects.get(chain=conference.id, number=number) for number in (17, 18))
    AuditEntry.objects.filter(pk=low.pk).update(leaf=None)
    AuditEntry.objects.filter(pk=high.pk).update(leaf=low.leaf)
    AuditEntry.objects.filter(pk=low.pk).update(leaf=high.leaf)
    found = touched()
    assert f"{conference.id} #18 " in found.entry
    assert found.reason.startswith("swapped")


def test_a_chain_hashed_anew_is_caught_by_the_checkpoint(conference: Conference) -> None:
    rewrite(conference.id, change=17)
    found = touched()
    assert "another root than the one that was signed" in found.reason
    assert f"{conference.id} #11 " in found.entry  # the entries between two checkpoints, of which one is the 17th
    assert "organisation:weaver #20" in found.entry
    assert "another root" in touched(conference=conference).reason


def test_a_tail_cut_with_its_head_is_caught_by_the_tree(conference: Conference) -> None:
    AuditEntry.objects.filter(chain=conference.id, number__gt=35).delete()
    head = AuditEntry.objects.get(chain=conference.id, number=35).hash
    AuditChain.objects.filter(chain=conference.id).update(number=35, head=head)
    assert touched().reason.startswith("swapped: leaf")
    AuditCheckpoint.objects.filter(size=80).delete()
    AuditEntry.objects.filter(leaf__gte=60).update(leaf=None)
    # With the last checkpoint gone as well, only who kept it can tell.
    assert verify_export(list(export_lines(now=NOW))).checkpoint.size == 60


@pytest.mark.parametrize("forge", ["changed", "cut", "chain gone", "renumbered"])
def test_a_whole_tree_signed_anew_is_caught_by_a_witness_alone(conference: Conference, tmp_path: Path, forge: str) -> None:
    kept, export = tmp_path / "kept.jsonl", tmp_path / "export.jsonl"
    append_checkpoint(kept)
    if forge == "changed":
        rewrite(conference.id, change=17)
    elif forge == "cut":
        AuditEntry.objects.filter(chain=conference.id, number__gt=35).delete()
        head = AuditEntry.objects.get(chain=conference.id, number=35).hash
        AuditChain.objects.filter(chain=conference.id).update(number=35, head=head)
    elif forge == "chain gone":
        AuditEntry.objects.filter(chain=conference.id).delete()
        AuditChain.objects.filter(chain=conference.id).delete()
    else:
        renumber(conference.id, dropped=17)
    sign_anew()
    export.write_text("".join(export_lines(now=NOW)))
    said: list[str] = []
    assert report(Question(export), say=said.append, complain=said.append) == 0  # on its own the forgery is perfect
    said.clear()
    assert report(Question(export, witness=kept), say=said.append, complain=said.append) == 1
    assert "a witness" in said[-1]
    with pytest.raises(ConferencesError, match=r"two trees|cut off|no checkpoint of size"):
        append_checkpoint(kept)
    assert len(kept.read_text().splitlines()) == 1


def renumber(chain: str, *, dropped: int) -> None:
    """Take one entry out and give all later ones the number before theirs."""
    AuditEntry.objects.filter(chain=chain, number=dropped).delete()
    head = EMPTY_HEAD
    rows = list(AuditEntry.objects.filter(chain=chain).order_by("number"))
    for number, row in enumerate(rows, 1):
        body = row.body.replace(f'"number":{row.number},', f'"number":{number},', 1)
        AuditEntry.objects.filter(pk=row.pk).update(number=number, previous=head, body=body, hash=entry_hash(head, body))
        head = entry_hash(head, body)
    AuditChain.objects.filter(chain=chain).update(number=len(rows), head=head)


def test_a_key_of_ones_own_is_caught_by_who_knows_the_logs(conference: Conference, tmp_path: Path) -> None:
    kept, export = tmp_path / "kept.jsonl", tmp_path / "export.jsonl"
    append_checkpoint(kept)
    line = json.loads(kept.read_text())
    lines = list(export_lines(now=NOW))
    name, _, _ = line["key"].split("+", 2)
    export.write_text("".join(lines).replace(line["key"], f"{name}+00000000+AAAA", 1))
    said: list[str] = []
    assert report(Question(export, witness=kept), say=said.append, complain=said.append) == 1
    assert "header" in said[-1]


def test_a_witness_of_one_conference_keeps_its_head(conference: Conference, tmp_path: Path) -> None:
    kept, export = tmp_path / "kept.jsonl", tmp_path / "export.jsonl"
    others = [Fact("key.denied") for _ in range(5)]
    record_all(facts=others, at=NOW, actor="x", organisation=conference.organisation)
    extend_tree(now=NOW)
    export.write_text("".join(export_lines(now=NOW, conference=conference)))
    said: list[str] = []
    assert report(Question(export, witness=kept, append=True), say=said.append, complain=said.append) == 0
    assert [json.loads(line)["kind"] for line in kept.read_text().splitlines()] == ["checkpoint", "head"]
    record_all(facts=others * 4, at=NOW, actor="x", organisation=conference.organisation)
    record_all(facts=[Fact("key.denied")], at=NOW, actor="x", conference=conference)
    extend_tree(now=NOW)
    export.write_text("".join(export_lines(now=NOW, conference=conference)))
    proof = tmp_path / "growth.json"
    with proof.open("w") as out:
        call_command("audit", "prove", "--consistency", "85", "106", stdout=out)
    assert report(Question(export, witness=kept), say=said.append, complain=said.append) == 1
    assert "not comparable: ask for the proof" in said[-1]
    assert report(Question(export, witness=kept, proofs=[proof]), say=said.append, complain=said.append) == 0
    rewrite(conference.id, change=5)
    sign_anew()
    export.write_text("".join(export_lines(now=NOW, conference=conference)))
    assert report(Question(export, witness=kept, proofs=[proof]), say=said.append, complain=said.append) == 1
    assert "a witness keeps another hash" in said[-1]
