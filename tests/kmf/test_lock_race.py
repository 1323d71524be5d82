"""The lock against joins that come at the same moment: on connections of their own, as of several processes."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from django.db import connection

from conferences.models import AuditEntry, Participant
from kmf.errors import Locked
from kmf.models import Endpoint
from kmf.services.moderation import moderate
from protocol.moderation import Order
from roster.models import Membership

pytestmark = pytest.mark.django_db(transaction=True)
JOINERS = 12


@pytest.mark.requirement("KMF-REL-9")
def test_whoever_gets_a_key_got_it_before_the_lock(endpoint, conference):
    conference.starts_at = datetime.now(UTC)
    conference.save()
    ada = endpoint("ada")
    Participant.objects.filter(identity="ada@weaver.example").update(role="initiator")
    ada.ask(datetime.now(UTC))
    people = [endpoint(f"person{number}") for number in range(JOINERS)]

    def join(person):
        try:
            person.ask(datetime.now(UTC))
        except Locked:
            return False
        finally:
            connection.close()
        return True

    def lock():
        now = datetime.now(UTC)
        try:
            moderate(verified=ada.verified(now), conference_id=conference.id, order=Order("lock"), now=now)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        early = [pool.submit(join, person) for person in people[:4]]
        locking = pool.submit(lock)
        late = [pool.submit(join, person) for person in people[4:]]
        locking.result()
        came_in = [each.result() for each in (*early, *late)]

    entries = AuditEntry.objects.filter(chain=conference.id)
    locked_at = entries.get(event="conference.locked").number
    assert not entries.filter(event="key.released", number__gt=locked_at).exists()
    assert entries.filter(event="key.released").count() == 1 + came_in.count(True)
    assert Membership.objects.filter(left_at=None).count() == 1 + came_in.count(True)
    assert [bool(person.keys) for person in people] == came_in
    assert Endpoint.objects.count() == 1 + came_in.count(True)
    assert not join(people[-1]) or came_in[-1]
