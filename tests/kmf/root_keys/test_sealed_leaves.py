"""The root key is away: who leaves or is put out is out all the same, and the epoch follows when it is back."""

from datetime import timedelta

import pytest

from conferences.models import AuditEntry, OutboxItem, Participant
from kmf.errors import KMFUnavailable
from kmf.models import Endpoint, Epoch, KeyState
from kmf.push.state import read_change
from kmf.services.presence import leave
from kmf.services.settle import settle
from roster.models import Membership, RosterDelta

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.requirement("KMF-SEAL-1")]


@pytest.fixture
def root(day_keys, root_file, settings, tmp_path):
    """Take the root key away, or put it back."""
    settings.KMF_ROOT = root_file("root.key")

    def put(*, away):
        names = ("root.key", "root.away") if away else ("root.away", "root.key")
        (tmp_path / names[0]).rename(tmp_path / names[1])

    return put


@pytest.fixture
def two(root, endpoint, now):
    people = [endpoint("ada"), endpoint("bob")]
    for second, person in enumerate(people):
        person.ask(now + timedelta(seconds=second))
    return people


def stay(name):
    return Endpoint.objects.get(membership__participant__identity=f"{name}@weaver.example")


def test_nobody_gets_a_key_and_nothing_is_left_of_the_attempt(two, root, endpoint, now):
    root(away=True)
    cyd = endpoint("cyd")
    before = (AuditEntry.objects.count(), RosterDelta.objects.count(), Epoch.objects.count())
    with pytest.raises(KMFUnavailable):
        cyd.ask(now + timedelta(seconds=5))
    assert cyd.keys == {}
    assert Membership.objects.count() == 2
    assert (AuditEntry.objects.count(), RosterDelta.objects.count(), Epoch.objects.count()) == before
    root(away=False)
    cyd.ask(now + timedelta(seconds=6))
    assert len(cyd.keys) == 1


def test_a_leave_holds_and_its_epoch_follows_when_the_root_is_back(two, root, conference, now):
    at = now + timedelta(seconds=10)
    root(away=True)
    leave(endpoint_id=stay("bob").pk, reason="left", now=at)
    assert (stay("bob").membership.left_at, stay("bob").sealed_member_secret) == (at, None)
    assert KeyState.objects.get().rekey_due_at == at
    for second in (1, 2):
        settle(conference_id=conference.id, now=at + timedelta(seconds=second))
    assert Epoch.objects.get(state="current").number == 2
    refresh, _ = read_change(conference.id, -1, 0, at)
    assert (refresh.sealed, refresh.key) == (True, None)
    assert refresh.present == {stay("ada").membership.source_id}
    root(away=False)
    settle(conference_id=conference.id, now=at + timedelta(seconds=3))
    current = Epoch.objects.get(state="current")
    assert (current.number, current.reason) == (3, "leave")
    assert KeyState.objects.get().rekey_due_at is None
    assert not Membership.objects.filter(left_at__isnull=False, announced_left=False).exists()


def test_a_withdrawn_participant_loses_his_transport_at_once(two, root, conference, now):
    root(away=True)
    Participant.objects.filter(identity="bob@weaver.example").update(withdrawn_at=now)
    settle(conference_id=conference.id, now=now + timedelta(seconds=4))
    assert stay("bob").membership.leave_reason == "withdrawn"
    assert [item.payload["order"] for item in OutboxItem.objects.filter(kind="provider.order")] == ["evict"]
    assert Epoch.objects.get(state="current").number == 2


def test_the_end_is_the_end(two, root, conference, day_keys):
    root(away=True)
    settle(conference_id=conference.id, now=conference.closes_at)
    assert KeyState.objects.get().closed_at == conference.closes_at
    assert set(Epoch.objects.values_list("state", "sealed_key")) == {("destroyed", None)}
    assert list(day_keys.glob("conferences/*.key")) == []


def test_the_period_makes_no_epoch_and_says_nothing_untrue(two, root, conference, now):
    root(away=True)
    later = now + timedelta(seconds=700)
    Endpoint.objects.update(last_seen_at=later)
    for _ in range(3):
        settle(conference_id=conference.id, now=later)
    assert Epoch.objects.get(state="current").number == 2
    assert AuditEntry.objects.filter(event__in=["epoch.opened", "epoch.expired"]).count() == 2
    root(away=False)
    settle(conference_id=conference.id, now=later)
    assert Epoch.objects.get(state="current").reason == "periodic"
