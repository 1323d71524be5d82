"""Parallel joins and leaves of one conference: numbers rise without a gap, one epoch is current, nobody deadlocks."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from conferences.models import AuditEntry, Participant
from conferences.services.invitations import withdraw_invitation
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

    def withdraw(person):
        row = Participant.objects.get(conference=conference, identity=person.account.email)
        withdraw_invitation(conference_id=conference.id, participant_id=row.pk, actor="ada", now=datetime.now(UTC))

    conference.starts_at = datetime.now(UTC)
    conference.save()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda person: in_thread(join, person), people))
        work = (
            [(go, person) for person in people[:12]]
            + [(look, person) for person in people]
            + [(join, people[0])] * 3
            + [(withdraw, people[15])]
        )
        list(pool.map(lambda item: in_thread(*item), work))
    settle(conference_id=conference.id, now=datetime.now(UTC) + timedelta(seconds=1))

    numbers = list(Epoch.objects.order_by("number").values_list("number", flat=True))
    assert numbers == list(range(1, len(numbers) + 1))
    assert Epoch.objects.filter(state="current").count() == 1
    deltas = list(RosterDelta.objects.order_by("number").values_list("number", flat=True))
    assert deltas == list(range(1, len(deltas) + 1))
    assert not Membership.objects.filter(left_at__isnull=False, announced_left=False).exists()
    entries = AuditEntry.objects.filter(chain=conference.id).order_by("number")
    last_opened = entries.filter(event="epoch.opened").last()
    assert last_opened.number > entries.filter(event="endpoint.left").last().number
    holders = set(json.loads(last_opened.body)["details"]["holders"])
    assert holders == set(Membership.objects.filter(left_at=None).values_list("source_id", flat=True))
    for person in people[12:15]:
        assert Endpoint.objects.filter(jkt=person.jkt, membership__left_at=None).count() == 1
