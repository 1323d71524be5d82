"""Key requests that are released together: the same rows and the same hold log as one after the other, refusals by themselves."""

import json
from datetime import timedelta

import pytest
from django.db import DatabaseError, InterfaceError

from conferences.models import AuditEntry, Participant
from conferences.selectors.key_holds import key_holds
from kmf.authorization.models import Account, Application, Grant
from kmf.errors import Denied, Full, KeyRequestMalformed, TooMany
from kmf.models import Endpoint, Epoch, KeyState
from kmf.services.presence import leave
from kmf.services.release import Asked, ReleasedKey, check_invited, release_ekt_keys
from protocol.key_request import KeyRequest
from roster.models import Membership, RosterDelta
from tests.kmf.model.crash import Crashed, CrashPoint, crashing
from tests.simulators.endpoint import EndpointSimulator

pytestmark = pytest.mark.django_db


def asked(endpoint, now, *, agreement_key=None):
    own = endpoint.agreement.public_key().public_bytes_raw()
    identity = endpoint.identity.public_key().public_bytes_raw()
    return Asked(endpoint.verified(now), KeyRequest(endpoint.conference_id, "X25519", agreement_key or own, identity))


def together(endpoints, now):
    """Ask for all at once; the outcomes, and every endpoint keeps what it can open."""
    outcomes = release_ekt_keys(check_invited([asked(endpoint, now) for endpoint in endpoints]), now=now)
    for endpoint, outcome in zip(endpoints, outcomes, strict=True):
        if isinstance(outcome, ReleasedKey):
            endpoint.keys[outcome.key_id] = endpoint.open(outcome)
    return outcomes


def events(*names):
    rows = AuditEntry.objects.filter(event__in=names).order_by("pk").values_list("body", flat=True)
    return [json.loads(body) for body in rows]


def joined():
    """Source ids that the deltas announced."""
    bodies = [json.loads(bytes(delta.body)) for delta in RosterDelta.objects.order_by("number")]
    return [entry["source_id"] for body in bodies for entry in body["joined"]]


def revoke_grant_of(endpoint, now):
    """A grant of the endpoint's key, taken back."""
    client = Application.objects.create(
        client_id="endpoint",
        client_type="public",
        authorization_grant_type="authorization-code",
        redirect_uris="http://k/callback",
    )
    account = endpoint.account
    times = {"code_expires_at": now, "auth_time": now, "expires": now + timedelta(hours=1), "revoked_at": now}
    Grant.objects.create(
        user=account, organisation=account.organisation, application=client, code="c", dpop_jkt=endpoint.jkt, **times
    )


def nobody_is_in():
    return not (Endpoint.objects.exists() or Epoch.objects.exists() or Membership.objects.exists())


def test_ten_together_get_one_epoch_one_delta_and_an_audit_row_each(endpoint, conference, now):
    people = [endpoint(f"p{number}") for number in range(10)]
    outcomes = together(people, now)
    epoch = Epoch.objects.get()
    assert {outcome.key_id for outcome in outcomes} == {epoch.key_id}
    assert len({person.keys[epoch.key_id] for person in people}) == 1
    assert len({outcome.wrapped for outcome in outcomes}) == 10
    assert sorted(joined()) == sorted(Membership.objects.values_list("source_id", flat=True))
    assert RosterDelta.objects.count() == 1
    released = events("key.released")
    assert [row["actor"] for row in released] == [person.account.email for person in people]
    assert [row["details"]["jkt"] for row in released] == [person.jkt for person in people]
    assert sorted(events("epoch.opened")[0]["details"]["holders"]) == sorted(joined())


def test_the_hold_log_is_that_of_one_after_the_other(endpoint, conference, now):
    first, second = endpoint("first"), [endpoint(f"p{number}") for number in range(4)]
    first.ask(now)
    alone = [endpoint(f"q{number}") for number in range(4)]
    for person in alone:
        person.ask(now + timedelta(seconds=2))
    together(second, now + timedelta(seconds=4))
    held = {one.source_id: sorted(one.epochs) for one in key_holds(conference).endpoints}
    by_jkt = dict(Endpoint.objects.values_list("jkt", "membership__source_id"))
    assert {tuple(held[by_jkt[person.jkt]]) for person in alone} == {(2, 3)}
    assert {tuple(held[by_jkt[person.jkt]]) for person in second} == {(3,)}
    stays = Membership.objects.values_list("left_at", "verified_by", "announced_left", "leave_reason")
    assert set(stays.filter(participant__name__startswith="P")) == set(stays.filter(participant__name__startswith="Q"))


def test_a_later_batch_within_100_ms_shares_the_epoch(endpoint, now):
    together([endpoint("a"), endpoint("b")], now)
    late = [endpoint("c"), endpoint("d")]
    together(late, now + timedelta(milliseconds=80))
    assert Epoch.objects.count() == 1
    late_ones = Endpoint.objects.filter(jkt__in=[person.jkt for person in late]).values_list("membership__source_id", flat=True)
    assert events("epoch.shared")[0]["details"]["holders"] == sorted(late_ones)


@pytest.mark.requirement("KMF-REL-2")
def test_one_refused_among_ten_hurts_nobody_else(endpoint, conference, now):
    people = [endpoint(f"p{number}") for number in range(10)]
    invited = check_invited([asked(person, now) for person in people])
    Participant.objects.filter(identity=people[3].account.email).update(withdrawn_at=now)  # while he waits
    outcomes = release_ekt_keys(invited, now=now)
    assert [isinstance(outcome, ReleasedKey) for outcome in outcomes] == [number != 3 for number in range(10)]
    assert isinstance(outcomes[3], Denied)
    assert not Endpoint.objects.filter(jkt=people[3].jkt).exists()
    assert len(events("key.released")) == len(joined()) == 9
    denied = events("key.denied")
    assert [(row["actor"], row["details"]["reason"]) for row in denied] == [(people[3].account.email, "invitation withdrawn")]


@pytest.mark.requirement("KMF-REL-2")
@pytest.mark.parametrize("how", ["account", "grant"])
def test_an_account_that_lost_its_right_while_it_waited_gets_nothing(endpoint, now, how):
    ada, bob = endpoint("ada"), endpoint("bob")
    invited = check_invited([asked(ada, now), asked(bob, now)])
    if how == "account":
        Account.objects.filter(pk=bob.account.pk).update(is_active=False)
    else:
        revoke_grant_of(bob, now)
    outcomes = release_ekt_keys(invited, now=now)
    assert isinstance(outcomes[0], ReleasedKey)
    assert isinstance(outcomes[1], Denied)
    assert not Endpoint.objects.filter(jkt=bob.jkt).exists()
    assert events("key.denied")[0]["details"]["reason"] == "authorization revoked"


def test_a_batch_of_refusals_leaves_nothing_but_its_audit_rows(endpoint, now):
    people = [endpoint("a"), endpoint("b")]
    outcomes = together(people, now - timedelta(hours=1))
    assert [outcome.code for outcome in outcomes] == ["too_early", "too_early"]
    assert nobody_is_in()
    assert not KeyState.objects.exists()
    assert len(events("key.denied")) == 2


@pytest.mark.requirement("KMF-REL-4")
def test_the_last_seat_is_given_once_within_a_batch(endpoint, conference, now):
    people = [endpoint(f"p{number}") for number in range(5)]
    conference.capacity = 3
    conference.save()
    together(people[:1], now)
    outcomes = together(people, now + timedelta(seconds=2))  # the first of them has a seat already
    assert [isinstance(outcome, ReleasedKey) for outcome in outcomes] == [True, True, True, False, False]
    assert all(isinstance(outcome, Full) for outcome in outcomes[3:])
    assert Membership.objects.filter(left_at=None).count() == 3


@pytest.mark.requirement("KMF-REL-5")
def test_who_asks_twice_in_one_batch_is_served_one_time_after_the_other(endpoint, conference, now):
    ada, bob = endpoint("ada"), endpoint("bob")
    again = EndpointSimulator(account=ada.account, conference_id=conference.id)
    outcomes = together([ada, bob, again], now)
    assert all(isinstance(outcome, ReleasedKey) for outcome in outcomes)
    stays = dict(Endpoint.objects.values_list("jkt", "membership__leave_reason"))
    assert stays == {ada.jkt: "replaced", bob.jkt: "", again.jkt: ""}
    current = Epoch.objects.get(state="current")
    assert current.key_id in again.keys
    assert current.key_id not in ada.keys


@pytest.mark.requirement("KMF-REL-4")
def test_the_seventh_of_one_batch_is_one_too_many(endpoint, conference, now):
    ada = endpoint("ada")
    more = [EndpointSimulator(account=ada.account, conference_id=conference.id) for _ in range(6)]
    outcomes = together([ada, *more], now)
    assert [isinstance(outcome, ReleasedKey) for outcome in outcomes] == [True] * 6 + [False]
    assert isinstance(outcomes[6], TooMany)
    assert Membership.objects.filter(left_at=None).count() == 1


def test_an_unusable_point_is_its_senders_own_fault(endpoint, now):
    ada, bob = endpoint("ada"), endpoint("bob")
    invited = check_invited([asked(ada, now), asked(bob, now, agreement_key=bytes(32))])
    outcomes = release_ekt_keys(invited, now=now)
    assert isinstance(outcomes[0], ReleasedKey)
    assert isinstance(outcomes[1], KeyRequestMalformed)
    assert Membership.objects.count() == 1


@pytest.mark.requirement("KMF-REL-7")
@pytest.mark.django_db(transaction=True)
def test_wherever_the_database_dies_all_of_a_batch_or_nothing_is_released(endpoint, conference, now):
    conference.duration_min = 24 * 60
    conference.save()
    people = [endpoint(f"p{number}") for number in range(4)]
    for at in range(1, 200):
        now += timedelta(seconds=70)
        point = CrashPoint(at)
        before = Membership.objects.count()
        try:
            with crashing(point):
                together(people, now)
        except (DatabaseError, InterfaceError, Crashed):
            assert point.hit
        assert Membership.objects.count() - before in (0, 4)
        assert len(events("key.released")) == Membership.objects.count()
        assert Epoch.objects.filter(state="current").count() <= 1
        for stay in Endpoint.objects.filter(membership__left_at=None):
            leave(endpoint_id=stay.pk, reason="left", now=now + timedelta(seconds=1))
        if not point.hit:
            assert at > 25
            return
    raise AssertionError("the work has no end")
