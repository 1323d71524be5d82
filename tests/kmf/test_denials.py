"""Who asks in a loop is denied each time and fills no audit: the first of a minute is written, the others are counted."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Event

import pytest
from django.db import DatabaseError, connection, transaction

from conferences.models import AuditEntry, Participant
from kmf.errors import Denied
from kmf.models import DenialCount, Endpoint
from kmf.services.denials import record_counted
from tests.simulators.endpoint import EndpointSimulator
from tests.stack import wait_for

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("AUDIT-5")]
SECOND = timedelta(seconds=1)


def denied():
    rows = AuditEntry.objects.filter(event="key.denied").order_by("pk")
    return [(row.chain, row.actor, json.loads(row.body)["details"]) for row in rows]


def ask(simulator, at):
    with pytest.raises(Denied):
        simulator.ask(at)


@pytest.fixture
def withdrawn(endpoint):
    bob = endpoint("bob")
    Participant.objects.filter(identity=bob.account.email).update(withdrawn_at="2026-01-01T00:00Z")
    return bob


def test_a_hundred_denials_of_a_minute_are_one_row_and_a_number(withdrawn, conference, now):
    for number in range(100):
        ask(withdrawn, now + number * SECOND / 2)
    assert [details["reason"] for _, _, details in denied()] == ["invitation withdrawn"]
    record_counted(now=now + 59 * SECOND)
    assert len(denied()) == 1
    record_counted(now=now + 61 * SECOND)
    chain, actor, details = denied()[1]
    assert (chain, actor, details["more"]) == (conference.id, withdrawn.account.email, 99)
    assert details["from"] == now.isoformat()
    assert details["until"] == (now + 99 * SECOND / 2).isoformat()
    assert not DenialCount.objects.exists()
    assert not Endpoint.objects.exists()
    record_counted(now=now + 200 * SECOND)
    assert len(denied()) == 2


def test_the_next_minute_begins_with_a_row_and_says_what_came_before(withdrawn, now):
    for seconds in (0, 10, 20, 70, 71):
        ask(withdrawn, now + seconds * SECOND)
    assert [details.get("more") for _, _, details in denied()] == [None, 2, None]
    record_counted(now=now + 140 * SECOND)
    assert [details.get("more") for _, _, details in denied()] == [None, 2, None, 1]


def test_another_reason_another_account_and_another_chain_are_counted_apart(withdrawn, account, conference, now):
    eve = account("eve")
    for _ in range(2):
        ask(withdrawn, now)
        for conference_id in (conference.id, "A" * 22, "B" * 22):  # whatever is asked for: one reason, one row
            ask(EndpointSimulator(account=eve, conference_id=conference_id), now)
    found = [(chain, actor.split("@")[0], details["reason"]) for chain, actor, details in denied()]
    assert found == [
        (conference.id, "bob", "invitation withdrawn"),
        ("organisation:weaver", "eve", "not invited"),
        ("organisation:weaver", "eve", "unknown conference"),
    ]
    assert sorted(DenialCount.objects.values_list("more", flat=True)) == [1, 1, 3]


@pytest.mark.django_db(transaction=True)
def test_whoever_is_killed_between_two_chains_leaves_the_rest_to_the_next(withdrawn, account, now):
    eve = account("eve")
    for _ in range(3):
        ask(withdrawn, now)
        ask(EndpointSimulator(account=eve, conference_id="A" * 22), now)
    later = now + 61 * SECOND
    first, second = DenialCount.objects.order_by("chain").values_list("chain", flat=True)
    blocked = Event()

    def clean_up():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            pids.append(cursor.fetchone()[0])
        blocked.set()
        try:
            record_counted(now=later)
        finally:
            connection.close()

    pids: list[int] = []
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM conferences_auditchain WHERE chain = %s FOR UPDATE", [second])
            killed = pool.submit(clean_up)
            blocked.wait(10)
            wait_for(
                lambda: [chain for chain, _, details in denied() if "more" in details] == [first], "the first chain's number"
            )
            cursor.execute("SELECT pg_terminate_backend(%s)", pids)
        with pytest.raises(DatabaseError):
            killed.result()
    assert list(DenialCount.objects.values_list("chain", "more")) == [(second, 2)]
    for _ in range(2):
        record_counted(now=later)
        assert [(chain, details["more"]) for chain, _, details in denied() if "more" in details] == [(first, 2), (second, 2)]
    assert not DenialCount.objects.exists()


def test_a_clock_that_was_put_back_does_not_make_it_count_for_ever(withdrawn, now):
    ask(withdrawn, now + timedelta(hours=1))
    ask(withdrawn, now)
    assert len(denied()) == 2
    record_counted(now=now - timedelta(hours=1))
    assert not DenialCount.objects.exists()
