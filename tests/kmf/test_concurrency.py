"""Parallel joins and leaves of one conference: numbers rise without a gap, one epoch is current, nobody deadlocks."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from django.db import connection

from kmf.models import Endpoint, Epoch
from kmf.services.presence import leave
from kmf.services.settle import settle
from roster.models import Membership, RosterDelta

pytestmark = pytest.mark.django_db(transaction=True)
PEOPLE = 16


def in_thread(work, *arguments):
    try:
        return work(*arguments)
    finally:
        connection.close()


def test_fifty_changes_at_once(endpoint, conference):
    people = [endpoint(f"person{number}") for number in range(PEOPLE)]

    def join(person):
        person.ask(datetime.now(UTC))

    def go(person):
        stay = Endpoint.objects.get(jkt=person.jkt, membership__left_at=None)
        leave(endpoint_id=stay.pk, reason="left", now=datetime.now(UTC))

    def look(_person):
        settle(conference_id=conference.id, now=datetime.now(UTC))

    conference.starts_at = datetime.now(UTC)
    conference.save()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda person: in_thread(join, person), people))
        work = [(go, person) for person in people[:12]] + [(look, person) for person in people] + [(join, people[0])] * 3
        list(pool.map(lambda item: in_thread(*item), work))
    settle(conference_id=conference.id, now=datetime.now(UTC))

    numbers = list(Epoch.objects.order_by("number").values_list("number", flat=True))
    assert numbers == list(range(1, len(numbers) + 1))
    assert Epoch.objects.filter(state="current").count() == 1
    deltas = list(RosterDelta.objects.order_by("number").values_list("number", flat=True))
    assert deltas == list(range(1, len(deltas) + 1))
    assert not Membership.objects.filter(left_at__isnull=False, announced_left=False).exists()
    current = Epoch.objects.get(state="current")
    assert Membership.objects.filter(left_at__gt=current.opened_at).count() == 0
    for person in people[12:]:
        assert Endpoint.objects.filter(jkt=person.jkt, membership__left_at=None).count() == 1
