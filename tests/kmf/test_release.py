"""Release of the EKT key: the numbered checks, each refusal with the state after it."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction

from conferences.models import AuditEntry, OutboxItem, Participant
from kmf.errors import Denied, Ended, KMFUnavailable, TooEarly, TooMany
from kmf.models import ConferenceKey, Endpoint, Epoch, KeyState
from kmf.services.conference_keys import conference_key
from kmf.services.destroy import destroy_due
from kmf.services.presence import leave
from kmf.services.sealing import unseal_ekt_key
from kmf.services.settle import settle
from roster.models import Membership
from tests.simulators.endpoint import EndpointSimulator

pytestmark = pytest.mark.django_db


def nothing_was_given() -> bool:
    return not (Endpoint.objects.exists() or Epoch.objects.exists() or Membership.objects.exists())


def last_event() -> AuditEntry:
    return AuditEntry.objects.order_by("-pk")[0]


def test_first_release_opens_epoch_1_and_the_endpoint_can_unwrap_it(endpoint, conference, now):
    ada = endpoint("ada")
    released = ada.ask(now)
    epoch = Epoch.objects.get()
    assert (epoch.number, epoch.state, epoch.reason) == (1, "current", "join")
    assert ada.keys[epoch.key_id] == unseal_ekt_key(epoch).expose()
    assert (released.spi, released.ttl_s) == (1, 600)
    events = list(AuditEntry.objects.order_by("pk").values_list("event", flat=True))
    assert events == ["epoch.opened", "key.released"]


@pytest.mark.requirement("KMF-REL-6")
def test_each_join_opens_an_epoch_that_the_earlier_holder_cannot_open(endpoint, now):
    ada, bob = endpoint("ada"), endpoint("bob")
    ada.ask(now)
    bob.ask(now + timedelta(seconds=2))
    first, second = Epoch.objects.order_by("number")
    assert (first.state, second.state) == ("superseded", "current")
    assert set(ada.keys) == {first.key_id}
    assert set(bob.keys) == {second.key_id}


def test_joins_within_100_ms_share_an_epoch(endpoint, now):
    ada, bob = endpoint("ada"), endpoint("bob")
    ada.ask(now)
    bob.ask(now + timedelta(milliseconds=80))
    assert Epoch.objects.count() == 1
    assert last_event().event == "key.released"
    assert AuditEntry.objects.filter(event="epoch.shared").count() == 1


@pytest.mark.requirement("KMF-REL-2")
def test_an_uninvited_account_and_an_unknown_conference_are_denied_alike(account, conference, now):
    stranger = account("eve")
    for conference_id in (conference.id, "A" * 22):
        with pytest.raises(Denied) as refusal:
            EndpointSimulator(account=stranger, conference_id=conference_id).ask(now)
        assert refusal.value.code == "denied"
    reasons = list(AuditEntry.objects.filter(event="key.denied").order_by("pk").values_list("body", flat=True))
    assert "not invited" in reasons[0]
    assert "unknown conference" in reasons[1]
    assert nothing_was_given()


def test_a_withdrawn_participant_is_denied(endpoint, now):
    bob = endpoint("bob")
    Participant.objects.update(withdrawn_at=now)
    with pytest.raises(Denied):
        bob.ask(now)
    assert nothing_was_given()
    assert "invitation withdrawn" in last_event().body


@pytest.mark.requirement("KMF-REL-1")
def test_a_token_for_another_conference_is_denied(account, invite, conference, now):
    invite("ada")
    with pytest.raises(Denied):
        EndpointSimulator(account=account("ada"), conference_id=conference.id, token_conference="B" * 22).ask(now)
    assert nothing_was_given()


@pytest.mark.requirement("KMF-REL-3")
@pytest.mark.parametrize(
    ("shift", "error"),
    [
        pytest.param(timedelta(minutes=-21), TooEarly, id="before it opens"),
        pytest.param(timedelta(minutes=70), Ended, id="at the end of its grace"),
    ],
)
def test_a_key_is_refused_outside_its_time_though_no_worker_runs(endpoint, now, shift, error):
    ada = endpoint("ada")
    with pytest.raises(error):
        ada.ask(now + shift)
    assert nothing_was_given()
    assert last_event().event == "key.denied"


@pytest.mark.requirement("KMF-REL-3")
def test_an_ended_conference_releases_nothing(endpoint, conference, now):
    ada = endpoint("ada")
    conference.ended_at = now
    conference.save()
    with pytest.raises(Ended):
        ada.ask(now)
    assert nothing_was_given()


@pytest.mark.requirement("KMF-REL-4")
def test_the_seventh_join_in_a_minute_is_one_too_many(endpoint, now):
    ada = endpoint("ada")
    for second in range(6):
        ada.ask(now + timedelta(seconds=second))
    epochs = Epoch.objects.count()
    with pytest.raises(TooMany):
        ada.ask(now + timedelta(seconds=7))
    assert Epoch.objects.count() == epochs
    ada.ask(now + timedelta(seconds=61))


@pytest.mark.requirement("KMF-REL-5")
def test_a_second_endpoint_replaces_the_first(endpoint, conference, now):
    ada = endpoint("ada")
    ada.ask(now)
    newer = EndpointSimulator(account=ada.account, conference_id=conference.id)
    newer.ask(now + timedelta(seconds=5))
    earlier, later = Membership.objects.order_by("pk")
    assert (earlier.leave_reason, later.left_at) == ("replaced", None)
    assert Endpoint.objects.get(pk=earlier.pk).sealed_member_secret is None
    assert not OutboxItem.objects.filter(kind="provider.order").exists()  # it could hit the newer one


@pytest.mark.requirement("KMF-SEAL-1")
def test_without_the_root_key_no_key_leaves(endpoint, now, settings):
    ada = endpoint("ada")
    settings.KMF_ROOT = "file:not-there"
    with pytest.raises(KMFUnavailable):
        ada.ask(now)
    assert nothing_was_given()
    assert not KeyState.objects.exists()


@pytest.mark.requirement("KMF-REL-7")
@pytest.mark.django_db(transaction=True)
def test_without_an_audit_row_no_key_leaves(endpoint, now):
    ada = endpoint("ada")
    with connection.cursor() as cursor:  # as if the disk were full for this one row
        cursor.execute("CREATE FUNCTION refuse() RETURNS trigger AS $$ BEGIN RAISE EXCEPTION 'full'; END $$ LANGUAGE plpgsql")
        cursor.execute(
            "CREATE TRIGGER refuse BEFORE INSERT ON conferences_auditentry FOR EACH ROW"
            " WHEN (NEW.event = 'key.released') EXECUTE FUNCTION refuse()"
        )
    try:
        with pytest.raises(DatabaseError):
            ada.ask(now)
        assert nothing_was_given()
        assert not AuditEntry.objects.exists()
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP TRIGGER refuse ON conferences_auditentry; DROP FUNCTION refuse()")
    ada.ask(now)
    assert Epoch.objects.get().number == 1


@pytest.mark.django_db(transaction=True)
def test_a_request_that_waited_for_the_lock_shares_no_epoch_that_grew_old_meanwhile(endpoint, now):
    ada, bob = endpoint("ada"), endpoint("bob")
    ada.ask(now)
    bob.ask(now - timedelta(seconds=5))  # his time was taken before ada's epoch was opened
    assert list(Epoch.objects.order_by("number").values_list("number", "state")) == [(1, "superseded"), (2, "current")]


@pytest.mark.requirement("KMF-REL-2")
@pytest.mark.django_db(transaction=True)
def test_a_withdrawal_while_the_request_waits_for_the_lock_counts(endpoint, conference, now):
    ada, bob = endpoint("ada"), endpoint("bob")
    ada.ask(now)

    def ask():
        try:
            with pytest.raises(Denied):
                bob.ask(now + timedelta(seconds=1))
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            KeyState.objects.select_for_update().get(conference=conference)
            asking = pool.submit(ask)
            time.sleep(0.5)  # he stands at the lock
            Participant.objects.filter(identity="bob@weaver.example").update(withdrawn_at=now)
        asking.result()
    assert bob.keys == {}
    assert Membership.objects.count() == 1


@pytest.mark.requirement("KMF-SEAL-1")
def test_nothing_of_an_ended_conference_comes_back(endpoint, conference, now):
    ada = endpoint("ada")
    ada.ask(now)
    stay = Endpoint.objects.get()
    settle(conference_id=conference.id, now=conference.closes_at)
    leave(endpoint_id=stay.pk, reason="left", now=conference.closes_at)
    settle(conference_id=conference.id, now=conference.closes_at)
    for _ in range(2):
        destroy_due(now=conference.closes_at)
    assert ConferenceKey.objects.get().destroyed_at == conference.closes_at
    with pytest.raises(KMFUnavailable):
        conference_key(conference.id)
    assert AuditEntry.objects.filter(event="conference_key.destroyed").count() == 1
