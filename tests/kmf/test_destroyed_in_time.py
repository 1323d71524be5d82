"""A clock that was wrong for a while: conference keys are destroyed neither a day late nor early."""

import json
from datetime import timedelta

import pytest

from conferences.models import AuditEntry, Conference
from kmf.models import ConferenceKey, Epoch
from kmf.services.destroy import destroy_due
from kmf.services.settle import settle

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("KMF-CLOCK-1")]
SECOND, MINUTE, HOUR, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
KEPT = 7 * DAY


@pytest.fixture(params=[HOUR, DAY], ids=["an hour", "a day"])
def wrong_by(request):
    return request.param


@pytest.fixture
def ended(endpoint, conference):
    """End the conference at a moment, its keys kept for recordings or not. Nobody carries out the mark: he was killed."""

    def end(at, *, kept):
        conference.duration_min, conference.grace_min = 24 * 60, 120
        conference.past_access, conference.keys_kept_days = "recording" if kept else "none", KEPT.days
        conference.save()
        endpoint("ada").ask(at)
        Conference.objects.filter(pk=conference.pk).update(ended_at=at)
        settle(conference_id=conference.pk, now=at)
        assert Epoch.objects.get().state == ("revoked" if kept else "destroyed")
        return ConferenceKey.objects.get()

    return end


def is_destroyed():
    said = AuditEntry.objects.filter(event="conference_key.destroyed").exists()
    assert said == (ConferenceKey.objects.get().destroyed_at is not None)
    return said


def look(begin, *, until):
    """What the sweep does, here each minute."""
    while begin <= until:
        destroy_due(now=begin)
        begin += MINUTE


def test_what_was_to_go_at_once_goes_when_the_clock_is_put_back(ended, wrong_by, now):
    assert ended(now + wrong_by, kept=False).destroy_at == now + wrong_by
    assert not is_destroyed()
    destroy_due(now=now)
    assert is_destroyed()
    assert ConferenceKey.objects.get().destroyed_at == now


def test_days_that_were_counted_from_the_future_are_counted_anew_and_said_so(ended, wrong_by, now):
    assert ended(now + wrong_by, kept=True).destroy_at == now + wrong_by + KEPT
    for _ in range(3):
        destroy_due(now=now)
    assert ConferenceKey.objects.get().destroy_at == now + KEPT
    said = AuditEntry.objects.filter(event="conference_key.kept").order_by("number")
    untils = [json.loads(row.body)["details"]["until"] for row in said]
    assert untils == [(now + wrong_by + KEPT).isoformat(), (now + KEPT).isoformat()]
    look(now + KEPT - 2 * MINUTE, until=now + KEPT + HOUR - SECOND)
    assert not is_destroyed()
    look(now + KEPT + HOUR - SECOND, until=now + KEPT + HOUR + MINUTE)
    assert is_destroyed()


def test_a_clock_that_runs_ahead_for_some_minutes_destroys_no_recordings_key(ended, wrong_by, now):
    ended(now, kept=True)
    late = now + KEPT - 30 * MINUTE  # half an hour is left
    look(late + wrong_by, until=late + wrong_by + 20 * MINUTE)
    assert ConferenceKey.objects.get().due_since == late + wrong_by
    look(late + 20 * MINUTE, until=now + KEPT - SECOND)
    assert ConferenceKey.objects.get().due_since is None
    assert not is_destroyed()
    look(now + KEPT, until=now + KEPT + HOUR - MINUTE)
    assert not is_destroyed()
    destroy_due(now=now + KEPT + HOUR)
    assert is_destroyed()


def test_two_whose_clocks_differ_a_little_do_not_undo_each_other(ended, now):
    ended(now, kept=True)
    for second in range(0, 3600, 60):
        for clock in (0, 3):
            destroy_due(now=now + KEPT + (second + clock) * SECOND)
    assert not is_destroyed()
    destroy_due(now=now + KEPT + HOUR + 3 * SECOND)
    assert is_destroyed()
