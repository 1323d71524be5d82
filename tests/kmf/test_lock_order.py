"""Reports, heartbeats, hellos, leaves and settling of one conference at once: several locks are taken in one order.

A deadlock's victim is tried again by whoever called, so the database's own count is asked, and not only what was raised.
"""

import random
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from conferences.models import AuditEntry
from kmf.authorization.models import Account
from kmf.models import Endpoint, Epoch
from kmf.services.attach import attach_endpoints
from kmf.services.presence import leave, note_heartbeats
from kmf.services.presence_reports import Report, note_unreached, resolve_doubts, take_reports
from kmf.services.settle import settle

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.requirement("KMF-LOCK-1")]
PEOPLE, ROUNDS, ENDED_A_ROUND, AT_ONCE = 24, 3, 5, 50
CHANCE = random.Random(7)  # noqa: S311  no secret


@pytest.fixture(autouse=True)
def _connections(transactional_db: None) -> Iterator[None]:
    """One for each thread, as several processes have."""
    connection.ensure_connection()
    pool = connection.pool
    pool.resize(1, AT_ONCE + 5)
    yield
    pool.resize(1, 24)


@pytest.fixture
def people(endpoint, conference):
    conference.starts_at = datetime.now(UTC)
    conference.save()
    made = [endpoint(f"person{number}") for number in range(PEOPLE)]
    for person in made:
        person.ask(datetime.now(UTC))
    return made


def deadlocks() -> int:
    """How many the database has seen; what a connection has seen counts when it is closed, or a second later."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_force_next_flush()")
        cursor.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        return int(cursor.fetchone()[0])


def in_thread(work: Callable[[], object]) -> None:
    try:
        work()
    finally:
        connection.close()


def shuffled(things: list) -> list:
    return CHANCE.sample(things, len(things))


def test_nobody_waits_for_whoever_waits_for_him(people, conference):
    before = deadlocks()
    names = dict(Endpoint.objects.values_list("pk", "membership__participant__pseudonym"))
    ids = list(names)
    for number in range(ROUNDS):
        now = datetime.now(UTC) + number * timedelta(seconds=61)  # each round may tell the audit of each disagreement anew
        ending = people[number * ENDED_A_ROUND :][:ENDED_A_ROUND]
        staying = people[(number + 1) * ENDED_A_ROUND :]
        gone = Endpoint.objects.get(jkt=staying[0].jkt)
        Endpoint.objects.update(
            last_seen_at=now, connected_at=now - timedelta(minutes=1), unreached_at=None, reported_gone_at=None
        )

        def report(event, now=now):
            lines = [Report(conference.handle, names[pk], event, 0) for pk in shuffled(ids)]
            take_reports(reports=lines[:20], now=now)

        def come_back(now=now, staying=staying):
            verified = [person.verified(now) for person in shuffled(staying)[:12]]
            attach_endpoints(verified=verified, conference_id=conference.id, now=now)

        kinds = [
            lambda: report("disconnected"),
            lambda: report("connected"),
            come_back,
            lambda now=now: note_heartbeats(endpoint_ids=shuffled(ids), now=now),
            lambda: resolve_doubts(endpoint_ids=shuffled(ids)),
            lambda now=now: note_unreached(conference_id=conference.id, now=now),
            lambda now=now: settle(conference_id=conference.id, now=now),
            lambda now=now, gone=gone: leave(endpoint_id=gone.pk, reason="left", now=now),
        ]
        Account.objects.filter(pk__in=[person.account.pk for person in ending]).update(is_active=False)
        works = shuffled([kinds[place % len(kinds)] for place in range(AT_ONCE)])
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(in_thread, works))

    time.sleep(1)
    assert deadlocks() == before
    numbers = list(Epoch.objects.order_by("number").values_list("number", flat=True))
    assert numbers == list(range(1, len(numbers) + 1))
    assert Epoch.objects.filter(state="current").count() == 1
    ended = {person.account.email for person in people[: ROUNDS * ENDED_A_ROUND]}
    left = AuditEntry.objects.filter(event="endpoint.left").values_list("actor", flat=True)
    assert ended <= set(left)
    assert len(left) == len(set(left)) == Endpoint.objects.exclude(membership__left_at=None).count()
    assert AuditEntry.objects.filter(event="presence.disagreement").count() > ROUNDS
