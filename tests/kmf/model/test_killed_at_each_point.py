"""The database connection dies at each statement and each commit of a release, a leave and a sweep: all of it, or nothing."""

import json
from datetime import timedelta

import pytest
from django.db import DatabaseError, InterfaceError

from conferences.models import AuditEntry
from kmf.models import Endpoint, Epoch
from kmf.services.presence import leave, note_heartbeats
from kmf.services.settle import settle
from roster.models import Membership
from tests.kmf.model.crash import Crashed, CrashPoint, crashing

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.requirement("KMF-REL-7")]
DEAD = (DatabaseError, InterfaceError, Crashed)


def sources(event):
    bodies = AuditEntry.objects.filter(event=event).values_list("body", flat=True)
    return sorted(json.loads(body)["details"]["source_id"] for body in bodies)


@pytest.fixture
def conference(conference):
    conference.duration_min = 24 * 60
    conference.save()
    return conference


def every_point(*, after_commit=False):
    """One point after the other, until the work came to its end without meeting it."""
    for at in range(1, 200):
        point = CrashPoint(at, after_commit=after_commit)
        yield point
        if not point.hit:
            assert at > (2 if after_commit else 10)
            return
    raise AssertionError("the work has no end")


def points(work):
    """How many statements and commits ``work`` takes."""
    with crashing(CrashPoint(0)) as counted:
        work()
    assert counted.seen > 3
    return counted.seen


@pytest.mark.parametrize("after_commit", [False, True])
def test_no_key_is_released_without_its_audit_row(endpoint, now, after_commit):
    bob = endpoint("bob")
    for point in every_point(after_commit=after_commit):
        now += timedelta(seconds=30)
        bob.keys.clear()
        try:
            with crashing(point):
                bob.ask(now)
        except DEAD:
            assert bob.keys == {}
        assert sources("key.released") == sorted(Membership.objects.values_list("source_id", flat=True))
        assert Epoch.objects.filter(state="current").count() <= 1
        bob.ask(now + timedelta(seconds=1))  # nothing stands in the way of the next attempt
        assert bob.keys.keys() >= set(Epoch.objects.filter(state="current").values_list("key_id", flat=True))


def test_a_leave_is_recorded_and_locks_out_or_did_not_happen(endpoint, now):
    ada, bob = endpoint("ada"), endpoint("bob")
    ada.ask(now)
    for point in every_point():
        now += timedelta(seconds=14)
        note_heartbeats(endpoint_ids=Endpoint.objects.values_list("pk", flat=True), now=now)
        bob.ask(now)
        stay = Endpoint.objects.get(account=bob.account, membership__left_at=None)
        now += timedelta(seconds=1)
        before = Epoch.objects.count()
        try:
            with crashing(point):
                leave(endpoint_id=stay.pk, reason="left", now=now)
        except DEAD:
            assert point.hit
        gone = not Endpoint.objects.filter(pk=stay.pk, membership__left_at=None).exists()
        assert Epoch.objects.count() == before + gone
        assert len(sources("endpoint.left")) == Membership.objects.exclude(left_at=None).count()
        leave(endpoint_id=stay.pk, reason="left", now=now)
        assert not Endpoint.objects.filter(account=bob.account, membership__left_at=None).exists()


def test_the_end_destroys_everything_however_often_it_is_interrupted(endpoint, conference, now):
    endpoint("ada").ask(now)
    for point in every_point():
        try:
            with crashing(point):
                settle(conference_id=conference.id, now=conference.closes_at)
        except DEAD:
            assert Epoch.objects.get().state == "current"
            assert not AuditEntry.objects.filter(event="conference.ended").exists()
    assert Epoch.objects.get().sealed_key is None
    assert AuditEntry.objects.filter(event="conference.ended").count() == 1
