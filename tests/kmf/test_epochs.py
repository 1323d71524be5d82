"""The epoch machine: leaves, windows, periods, the end."""

from datetime import timedelta

import pytest

from conferences.models import AuditEntry, OutboxItem, Participant
from kmf.models import ConferenceKey, Endpoint, Epoch, KeyState
from kmf.services.presence import leave
from kmf.services.settle import settle
from roster.models import Membership, RosterDelta

pytestmark = pytest.mark.django_db


def current() -> Epoch:
    return Epoch.objects.get(state="current")


def endpoint_of(name: str) -> Endpoint:
    return Endpoint.objects.get(membership__participant__identity=f"{name}@weaver.example", membership__left_at=None)


@pytest.fixture
def three(endpoint, now):
    people = [endpoint(name) for name in ("ada", "bob", "cyd")]
    for second, person in enumerate(people):
        person.ask(now + timedelta(seconds=second))
    return people


def test_a_leave_opens_an_epoch_at_once_with_a_key_made_after_it(three, now):
    at = now + timedelta(seconds=10)
    leave(endpoint_id=endpoint_of("cyd").pk, reason="left", now=at)
    assert (current().number, current().reason, current().opened_at) == (4, "leave", at)
    assert Endpoint.objects.filter(membership__left_at=at, sealed_member_secret=None).count() == 1
    assert RosterDelta.objects.order_by("-number")[0].epoch == 4


def test_further_leaves_within_100_ms_get_one_epoch_together(three, conference, now):
    at = now + timedelta(seconds=10)
    cyd, bob = endpoint_of("cyd").pk, endpoint_of("bob").pk
    leave(endpoint_id=cyd, reason="left", now=at)
    leave(endpoint_id=bob, reason="left", now=at + timedelta(milliseconds=40))
    assert current().number == 4
    settle(conference_id=conference.id, now=at + timedelta(milliseconds=99))
    assert current().number == 4
    settle(conference_id=conference.id, now=at + timedelta(milliseconds=100))
    assert current().number == 5
    assert not Membership.objects.filter(left_at__isnull=False, announced_left=False).exists()


def test_a_leave_said_twice_is_one(three, now):
    endpoint_id = endpoint_of("cyd").pk
    for second in (10, 11):
        leave(endpoint_id=endpoint_id, reason="left", now=now + timedelta(seconds=second))
    assert current().number == 4
    assert AuditEntry.objects.filter(event="endpoint.left").count() == 1


def test_the_last_leave_revokes_and_a_return_opens_a_new_number(three, now):
    for second, name in enumerate(("ada", "bob", "cyd")):
        leave(endpoint_id=endpoint_of(name).pk, reason="left", now=now + timedelta(seconds=10 + second))
    assert not Epoch.objects.filter(state="current").exists()
    three[0].ask(now + timedelta(seconds=70))
    assert current().number == 6


def test_a_withdrawn_participant_is_locked_out_by_the_next_look(three, conference, now):
    Participant.objects.filter(identity="bob@weaver.example").update(withdrawn_at=now)
    settle(conference_id=conference.id, now=now + timedelta(seconds=4))
    assert current().number == 4
    assert Membership.objects.get(leave_reason="withdrawn").participant.identity == "bob@weaver.example"
    assert OutboxItem.objects.get(kind="provider.order").payload["order"] == "evict"


def test_a_disabled_account_is_locked_out(three, conference, now):
    account = three[1].account
    account.is_active = False
    account.save()
    settle(conference_id=conference.id, now=now + timedelta(seconds=4))
    assert Membership.objects.filter(leave_reason="removed").count() == 1
    assert current().number == 4


def settle_for(conference, *, since, until_s, from_s=0):
    """As the hub and the sweep do it: again and again."""
    for second in range(from_s, until_s + 1):
        settle(conference_id=conference.id, now=since + timedelta(seconds=second))


def test_silence_of_15_s_is_a_leave(three, conference, now):
    Endpoint.objects.exclude(pk=endpoint_of("bob").pk).update(last_seen_at=now + timedelta(seconds=16))
    settle_for(conference, since=now, until_s=17)
    assert Membership.objects.get(leave_reason="silent").participant.identity == "bob@weaver.example"


def test_nobody_is_silent_while_nobody_listened(three, conference, now):
    """The database was away for half a minute: who is still there has the time of three heartbeats to say so."""
    settle_for(conference, since=now, until_s=2)
    settle_for(conference, since=now, from_s=32, until_s=46)
    assert not Membership.objects.filter(leave_reason="silent").exists()
    assert current().number == 3
    Endpoint.objects.exclude(pk=endpoint_of("bob").pk).update(last_seen_at=now + timedelta(seconds=40))
    settle_for(conference, since=now, from_s=47, until_s=48)
    assert Membership.objects.get(leave_reason="silent").participant.identity == "bob@weaver.example"
    assert (current().number, current().reason) == (4, "leave")


def test_five_minutes_open_a_new_epoch(three, conference, now):
    later = now + timedelta(seconds=303)
    Endpoint.objects.update(last_seen_at=later)
    settle(conference_id=conference.id, now=later)
    settle(conference_id=conference.id, now=later)
    assert (current().number, current().reason) == (4, "periodic")


def test_superseded_keys_are_destroyed_after_30_s(three, conference, now):
    later = now + timedelta(seconds=40)
    Endpoint.objects.update(last_seen_at=later)
    settle(conference_id=conference.id, now=later)
    assert set(Epoch.objects.filter(sealed_key=None).values_list("number", "state")) == {(1, "destroyed"), (2, "destroyed")}


def test_the_schedule_ends_everything_once(three, conference, now):
    end = conference.closes_at
    for _ in range(3):
        settle(conference_id=conference.id, now=end)
    conference.refresh_from_db()
    assert (conference.ended_at, conference.end_reason) == (end, "schedule")
    assert set(Epoch.objects.values_list("state", "sealed_key")) == {("destroyed", None)}
    assert not Membership.objects.filter(left_at=None).exists()
    assert not Endpoint.objects.exclude(sealed_member_secret=None).exists()
    assert ConferenceKey.objects.get().destroy_at == end
    assert KeyState.objects.get().closed_at == end
    assert [item.payload["order"] for item in OutboxItem.objects.filter(kind="provider.order")] == ["close"]
    assert AuditEntry.objects.filter(event="conference.ended").count() == 1


def test_no_epoch_outlives_the_conference(endpoint, conference, now):
    endpoint("ada").ask(conference.closes_at - timedelta(seconds=20))
    assert current().expires_at == conference.closes_at


def test_epoch_numbers_rise_without_a_gap(three, now):
    for second, name in enumerate(("bob", "cyd")):
        leave(endpoint_id=endpoint_of(name).pk, reason="left", now=now + timedelta(seconds=10 + second))
    assert list(Epoch.objects.order_by("number").values_list("number", flat=True)) == [1, 2, 3, 4, 5]


@pytest.fixture
def shared(conference):
    conference.on_join = "share"
    conference.save()


def test_under_share_a_join_opens_no_epoch(shared, three, conference):
    assert list(Epoch.objects.values_list("number", flat=True)) == [1]
    assert list(RosterDelta.objects.order_by("number").values_list("number", "epoch")) == [(1, 1), (2, 1), (3, 1)]
    assert AuditEntry.objects.filter(event="epoch.shared").count() == 2


@pytest.mark.parametrize(
    ("last", "opened"), [(65533, 1), (65534, 1), (65535, 2), (65536, 2), (65600, 2), (65602, 1), (131070, 1), (131071, 2)]
)
def test_an_epoch_is_not_shared_where_the_numbers_of_sender_keys_would_begin_anew(shared, endpoint, now, last, opened):
    ada, bob, cyd = (endpoint(name) for name in ("ada", "bob", "cyd"))
    ada.ask(now)
    RosterDelta.objects.update(number=last - 1)
    bob.ask(now + timedelta(seconds=1))
    if Epoch.objects.count() == 1:
        cyd.ask(now + timedelta(seconds=2))
    at = {row.number: row.epoch for row in RosterDelta.objects.all()}
    assert Epoch.objects.count() == opened
    assert len({(number // 65536, epoch) for number, epoch in at.items()}) == opened
