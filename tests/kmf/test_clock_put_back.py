"""A clock ran ahead and was put back: what was written in the future holds nothing up, and nobody keeps a key for longer."""

from datetime import timedelta

import pytest

from conferences.models import AuditEntry, OutboxItem
from conferences.services.outbox import deliver_due, enqueue
from kmf.authorization.authorize import AuthorizationRequest, SignIn, is_fresh
from kmf.errors import TooMany
from kmf.models import Endpoint, Epoch, KeyState
from kmf.push.state import read_welcome
from kmf.selectors import list_waiting, was_here_lately
from kmf.services.due import settle_if_due
from kmf.services.presence import leave
from protocol.sign_in import Strength
from roster.models import Membership

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("KMF-CLOCK-1")]
SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)


@pytest.fixture(params=[timedelta(hours=1), DAY], ids=["an hour", "a day"])
def ahead(request, now, conference):
    """A moment by the clock that ran ahead; the conference lasts longer than that."""
    conference.duration_min, conference.grace_min = 24 * 60, 120
    conference.save()
    return now + request.param


@pytest.fixture
def two(endpoint, ahead):
    people = [endpoint("ada"), endpoint("bob")]
    for number, person in enumerate(people):
        person.ask(ahead + number * SECOND)
    settle_if_due(conference_id=people[0].conference_id, now=ahead + 2 * SECOND)
    return people


def look(conference, now, seconds):
    """What the hubs' clocks and the sweep do, each second; whoever is there is heard."""
    for second in range(seconds):
        at = now + second * SECOND
        Endpoint.objects.filter(membership__left_at=None).update(last_seen_at=at)
        settle_if_due(conference_id=conference.id, now=at)


def current():
    return Epoch.objects.get(state="current")


def test_an_epoch_of_the_future_is_replaced_at_the_first_look(two, conference, now):
    assert current().number == 2
    look(conference, now, 3)
    assert (current().number, current().reason, current().opened_at) == (3, "periodic", now)
    assert current().expires_at == now + timedelta(seconds=conference.ttl_s)
    assert Membership.objects.filter(left_at=None).count() == 2


@pytest.mark.django_db(transaction=True)
def test_until_then_nobody_is_told_a_longer_life_than_a_key_has(two, conference, now):
    key = read_welcome(conference.id, now).key
    assert key is not None
    assert key.ttl_s(now) <= conference.ttl_s
    conference.on_join = "share"
    conference.save()
    assert two[0].ask(now).ttl_s <= conference.ttl_s


def test_a_leavers_epoch_does_not_wait_for_the_clock(two, conference, endpoint, ahead, now):
    cyd = endpoint("cyd")
    cyd.ask(ahead + 3 * SECOND)
    for second, name in ((4, "bob"), (4.05, "cyd")):
        stay = Endpoint.objects.get(account__email=f"{name}@weaver.example", membership__left_at=None)
        leave(endpoint_id=stay.pk, reason="left", now=ahead + second * SECOND)
    assert KeyState.objects.get().rekey_due_at > ahead
    before = current().number
    settle_if_due(conference_id=conference.id, now=now)
    assert current().number > before
    assert KeyState.objects.get().rekey_due_at is None
    two[0].ask(now + SECOND)
    assert not {one.key_id for one in Epoch.objects.filter(number__gt=before)} & cyd.keys.keys()


def test_whoever_falls_silent_is_noticed_as_ever(two, conference, ahead, now):
    for second in range(40):
        at = now + second * SECOND
        Endpoint.objects.filter(account=two[0].account).update(last_seen_at=at)
        settle_if_due(conference_id=conference.id, now=at)
    gone = Membership.objects.exclude(left_at=None).get()
    assert (gone.participant.identity, gone.leave_reason) == (two[1].account.email, "silent")
    assert now + 15 * SECOND <= gone.left_at <= now + 20 * SECOND


def test_nobody_is_called_silent_when_the_clock_runs_ahead(endpoint, conference, ahead, now):
    endpoint("ada").ask(now)
    look(conference, now, 3)
    settle_if_due(conference_id=conference.id, now=ahead)
    assert not Membership.objects.exclude(left_at=None).exists()
    assert current().opened_at == ahead  # the key had its time


def test_two_processes_whose_clocks_differ_do_not_rekey_against_each_other(two, conference, ahead, now):
    before = current().number
    for second in range(90):
        for clock in (now, ahead):
            Endpoint.objects.update(last_seen_at=now + second * SECOND)
            settle_if_due(conference_id=conference.id, now=clock + (10 + second) * SECOND)
    assert current().number - before <= 5
    assert Membership.objects.filter(left_at=None).count() == 2


def test_superseded_keys_are_destroyed_though_they_ended_in_the_future(two, conference, now):
    look(conference, now, 2)
    assert Epoch.objects.get(number=1).state == "destroyed"
    assert Epoch.objects.get(number=1).sealed_key is None


def test_joins_of_the_future_are_not_counted_for_an_hour(endpoint, ahead, now):
    ada = endpoint("ada")
    for second in range(6):
        ada.ask(ahead + second * SECOND)
    with pytest.raises(TooMany):
        ada.ask(ahead + 7 * SECOND)
    assert len(ada.keys) == 6
    ada.ask(now)
    assert AuditEntry.objects.filter(event="key.released").count() == 7


def test_who_left_in_the_future_is_new_to_a_locked_conference(two, conference, ahead, now):
    stay = Endpoint.objects.get(account=two[1].account, membership__left_at=None)
    leave(endpoint_id=stay.pk, reason="left", now=ahead + 5 * SECOND)
    participant = stay.membership.participant
    assert was_here_lately(participant, ahead + 10 * SECOND)
    assert not was_here_lately(participant, now)


def test_who_waited_in_the_future_waits_no_more_until_he_asks_again(endpoint, conference, ahead, now):
    conference.admission = "lobby"
    conference.save()
    ada = endpoint("ada")
    for at in (ahead, now + SECOND):
        with pytest.raises(Exception, match="not let in yet"):
            ada.ask(at)
        assert [row.name for row in list_waiting(conference.id, at)] == ["Ada"]
        assert list_waiting(conference.id, at - timedelta(minutes=30)) == []
    assert AuditEntry.objects.filter(event="participant.waiting").count() == 2


def test_what_was_due_at_once_is_delivered_and_what_was_planned_waits(conference, ahead, now):
    common = {"payload": {}, "organisation": conference.organisation, "now": ahead}
    enqueue(kind="order", **common)
    enqueue(kind="reminder", due_at=ahead + DAY, **common)
    failing = enqueue(kind="failing", **common)

    def fail(_item, _now):
        raise OSError

    handlers = {"order": lambda _item, _now: None, "reminder": lambda _item, _now: None, "failing": fail}
    assert deliver_due(now=ahead, handlers={"failing": fail}, limit=5).failed == 1
    OutboxItem.objects.filter(pk=failing.pk).update(due_at=ahead + 2 * SECOND)
    outcome = deliver_due(now=now, handlers=handlers, limit=2)
    assert (outcome.delivered, outcome.failed) == (1, 1)
    assert deliver_due(now=now, handlers=handlers, limit=5).delivered == 0
    assert OutboxItem.objects.get(kind="reminder").done_at is None


def test_a_sign_in_of_the_future_is_not_fresh(ahead, now):
    back = ("https://kmf.example/callback", "state")
    asked = AuthorizationRequest("/authorize", "scope", ("r",), "jkt", *back, max_age=timedelta(minutes=10))
    assert is_fresh(asked, SignIn(now, ("pwd",), Strength.COMPANY), now=now)
    assert not is_fresh(asked, SignIn(ahead, ("pwd",), Strength.COMPANY), now=now)
