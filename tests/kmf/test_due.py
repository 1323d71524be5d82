"""A quiet conference costs one query and no lock; whatever `settle` would do is seen as due."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from conferences.models import Conference, Participant
from kmf.authorization.models import Account
from kmf.models import Endpoint, Epoch, KeyState
from kmf.services.due import look_at_all, settle_if_due
from roster.models import Membership
from tests.simulators.endpoint import EndpointSimulator

Due = Callable[[Conference, datetime], datetime]


@pytest.fixture
def running(endpoint: Callable[[str], EndpointSimulator], conference: Conference, now: datetime) -> Conference:
    Conference.objects.update(on_join=Conference.OnJoin.SHARE)  # one epoch, however long the machine takes for two joins
    endpoint("ada").ask(now)
    endpoint("bob").ask(now + timedelta(milliseconds=50))
    return conference


def test_a_quiet_conference_costs_one_query(running: Conference, now: datetime):
    settle_if_due(conference_id=running.id, now=now + timedelta(seconds=4))  # notes that somebody looks: every two seconds
    with CaptureQueriesContext(connection) as queries:
        settle_if_due(conference_id=running.id, now=now + timedelta(seconds=5))
    assert len(queries) == 1
    assert Epoch.objects.count() == 1


def beside(conference: Conference, number: int) -> KeyState:
    """Another conference with keys, in which nothing happens."""
    other = Conference.objects.get(pk=conference.pk)
    other.pk, other.handle = f"{number}" * 22, f"{number}" * 22
    other.save(force_insert=True)
    return KeyState.objects.create(conference=other, organisation=other.organisation)


def test_many_quiet_conferences_are_looked_at_in_as_many_queries_as_one(running: Conference, now: datetime):
    counts = []
    for number in range(3):
        with CaptureQueriesContext(connection) as queries:
            assert look_at_all(now=now + timedelta(seconds=3 * number + 3)) == []
        counts.append(len(queries))
        beside(running, number)
    assert counts[0] == counts[1] == counts[2]


def test_a_look_at_all_finds_what_is_due_and_notes_the_others(running: Conference, now: datetime):
    quiet = beside(running, 1)
    at = withdrawn(running, now)
    assert look_at_all(now=at) == [running.id]
    quiet.refresh_from_db()
    assert (quiet.settled_at, quiet.listening_since) == (at, at)
    for seconds, since in [(1, at), (5, at), (12, at + timedelta(seconds=12))]:  # the last after a break
        look_at_all(now=at + timedelta(seconds=seconds))
        quiet.refresh_from_db()
        assert quiet.listening_since == since
    assert quiet.settled_at == at + timedelta(seconds=12)
    assert Epoch.objects.count() == 1, "a look settles nothing"


@pytest.mark.django_db(transaction=True)
def test_a_look_at_all_waits_for_nobody(running: Conference, now: datetime):
    KeyState.objects.update(settled_at=now)
    at = now + timedelta(seconds=5)
    quiet = beside(running, 1)
    with transaction.atomic(), ThreadPoolExecutor(1) as pool:
        KeyState.objects.select_for_update().get(conference=running)
        assert pool.submit(look_on_a_thread, at).result(timeout=20) == []
        quiet.refresh_from_db()
        assert quiet.settled_at == at
    assert KeyState.objects.get(conference=running).settled_at == now


def look_on_a_thread(at: datetime) -> list[str]:
    try:
        return look_at_all(now=at)
    finally:
        connection.close()


def withdrawn(conference: Conference, now: datetime) -> datetime:
    Participant.objects.filter(identity="bob@weaver.example").update(withdrawn_at=now)
    return now + timedelta(seconds=1)


def disabled(conference: Conference, now: datetime) -> datetime:
    Account.objects.filter(email="bob@weaver.example").update(is_active=False)
    return now + timedelta(seconds=1)


def silent(conference: Conference, now: datetime) -> datetime:
    Endpoint.objects.update(last_seen_at=now + timedelta(seconds=16))
    Endpoint.objects.filter(membership__participant__identity="bob@weaver.example").update(last_seen_at=now)
    KeyState.objects.update(listening_since=now, settled_at=now + timedelta(seconds=15))  # silence counts while somebody looks
    return now + timedelta(seconds=16)


def period_over(conference: Conference, now: datetime) -> datetime:
    later = now + timedelta(seconds=conference.rekey_s + 5)  # a wait for the lock counts: the epoch may have opened later
    Endpoint.objects.update(last_seen_at=later)
    return later


def leavers_waiting(conference: Conference, now: datetime) -> datetime:
    KeyState.objects.update(rekey_due_at=now + timedelta(seconds=1))
    return now + timedelta(seconds=1)


@pytest.mark.parametrize("due", [withdrawn, disabled, silent, period_over, leavers_waiting])
def test_what_is_due_opens_an_epoch(running: Conference, now: datetime, due: Due):
    at = due(running, now)
    settle_if_due(conference_id=running.id, now=at)
    assert Epoch.objects.filter(state=Epoch.State.CURRENT).get().number == 2


def ended(conference: Conference, now: datetime) -> datetime:
    Conference.objects.update(ended_at=now)
    return now + timedelta(seconds=1)


def time_is_up(conference: Conference, now: datetime) -> datetime:
    return conference.closes_at


@pytest.mark.parametrize("due", [ended, time_is_up])
def test_an_end_that_is_due_closes_the_keys(running: Conference, now: datetime, due: Due):
    settle_if_due(conference_id=running.id, now=due(running, now))
    assert KeyState.objects.get().closed_at is not None
    assert not Membership.objects.filter(left_at=None).exists()
    assert not Epoch.objects.filter(sealed_key__isnull=False).exists()


def test_a_superseded_key_is_destroyed_in_time(running: Conference, now: datetime):
    later = now + timedelta(seconds=31)
    Endpoint.objects.update(last_seen_at=later)
    Epoch.objects.update(state=Epoch.State.SUPERSEDED, closed_at=now)
    settle_if_due(conference_id=running.id, now=later)
    assert Epoch.objects.get().state == Epoch.State.DESTROYED
