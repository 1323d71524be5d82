"""Retention prunes texts to their hashes, says so, and never while a key may exist; exports stay whole."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from conferences.audit.export import export_lines
from conferences.audit.verify import verify_export
from conferences.errors import AuditExportTouched, KeysStillHeld
from conferences.models import AuditEntry, Conference
from conferences.selectors.audit_tree import log_key, prove_entry
from conferences.services.audit import record
from conferences.services.audit_forward import forward_due
from conferences.services.audit_retention import prune_conference, prune_due
from conferences.services.audit_tree import extend_tree
from conferences.services.scheduling import end_conference

pytestmark = pytest.mark.requirement("AUDIT-3")
DAY = timedelta(days=1)


@pytest.fixture
def ended(schedule: Callable[..., Conference], now: datetime) -> Conference:
    """A conference that ended 40 days ago; one key was held, and destroyed."""
    conference = schedule(at=now - 41 * DAY)
    at = now - 40 * DAY
    record(event="epoch.opened", at=at, actor="system", conference=conference, details={"epoch": 1})
    conference = end_conference(conference_id=conference.id, reason="initiator", actor="ada@weaver.example", now=at)
    record(event="conference_key.destroyed", at=at, actor="system", conference=conference)
    extend_tree(now=now)
    return conference


def test_old_texts_go_and_everything_still_verifies(ended: Conference, now: datetime) -> None:
    count = AuditEntry.objects.filter(chain=ended.id).count()
    before = verify_export(list(export_lines(now=now)))
    assert prune_due(keep_days=30, now=now) == count
    assert "Quarterly" not in str(list(AuditEntry.objects.values_list("body", "actor")))
    extend_tree(now=now)
    lines = list(export_lines(now=now))
    after = verify_export(lines)
    assert (after.pruned, after.entry_count) == (count, count + 1)
    assert after.checkpoint is not None
    assert before.checkpoint is not None
    assert verify_export(list(export_lines(now=now, conference=ended))).pruned == count
    assert prune_due(keep_days=30, now=now) == 0
    assert prune_due(keep_days=30, now=now + 60 * DAY) == 0  # what says that they were pruned, stays
    assert prove_entry(chain=ended.id, number=count + 1).index == count
    assert log_key().name.endswith("/audit")


def test_a_text_that_is_gone_without_a_word_is_a_dropped_one(ended: Conference, now: datetime) -> None:
    AuditEntry.objects.filter(chain=ended.id, number=3).update(body="", actor="", event="pruned")
    with pytest.raises(AuditExportTouched) as touched:
        verify_export(list(export_lines(now=now)))
    assert touched.value.entry == f"{ended.id} #3"
    assert touched.value.reason.startswith("dropped")
    prune_due(keep_days=30, now=now)
    with pytest.raises(AuditExportTouched) as touched:
        verify_export(list(export_lines(now=now)))
    assert touched.value.entry == f"{ended.id} #3"


@pytest.mark.parametrize("keep_days", [0, 50])
def test_what_is_younger_stays(ended: Conference, now: datetime, keep_days: int) -> None:
    assert prune_due(keep_days=keep_days, now=now) == 0
    assert not AuditEntry.objects.filter(body="").exists()


def test_conferences_whose_keys_are_kept_do_not_keep_the_others(
    schedule: Callable[..., Conference], ended: Conference, now: datetime
) -> None:
    recorded = schedule(at=now - 90 * DAY)
    at = now - 80 * DAY
    record(event="epoch.opened", at=at, actor="system", conference=recorded, details={"epoch": 1})
    end_conference(conference_id=recorded.id, reason="initiator", actor="ada@weaver.example", now=at)
    extend_tree(now=now)
    assert prune_due(keep_days=30, now=now, limit=1) > 0
    assert not AuditEntry.objects.filter(chain=ended.id, event="epoch.opened").exists()
    assert not AuditEntry.objects.filter(chain=recorded.id, body="").exists()


def test_no_text_goes_while_a_key_may_exist(schedule: Callable[..., Conference], ended: Conference, now: datetime) -> None:
    AuditEntry.objects.filter(chain=ended.id, event="conference_key.destroyed").update(event="other")
    running = schedule(at=now - 90 * DAY)
    extend_tree(now=now)
    assert prune_due(keep_days=30, now=now) == 0
    for conference in (ended, running):
        with pytest.raises(KeysStillHeld):
            prune_conference(conference=conference, before=now, now=now)
    assert not AuditEntry.objects.filter(body="").exists()
    assert not AuditEntry.objects.filter(event="audit.pruned").exists()


def test_what_the_receiver_has_not_got_waits_for_it(ended: Conference, now: datetime, tmp_path: Path) -> None:
    away, there = f"file://{tmp_path}/nowhere/siem.jsonl", f"file://{tmp_path}/siem.jsonl"
    count = AuditEntry.objects.filter(chain=ended.id).count()
    assert prune_due(keep_days=30, receiver=away, now=now) == 0
    assert forward_due(receiver=away, now=now) == 0
    assert prune_due(keep_days=30, receiver=away, now=now) == 0
    assert not AuditEntry.objects.filter(event="pruned").exists()
    assert forward_due(receiver=there, now=now) == count
    assert prune_due(keep_days=30, receiver=there, now=now) == count
    assert (tmp_path / "siem.jsonl").read_text().count("Quarterly") > 0
