"""Who may have the key where the initiator has a say: lobby, lock, removal and ban, each refusal with the state after it."""

import json
from datetime import timedelta

import pytest
from django.db import DatabaseError, connection

from conferences.models import AuditEntry, Conference, OutboxItem, Participant
from conferences.services.invitations import invite_participant, withdraw_invitation
from conferences.services.plan import Invitee
from kmf.authorization.limits import KEY_REFUSALS
from kmf.errors import Declined, Denied, Ended, Locked, StepUp, Stranger, TooManyMessages, UnknownParticipant, Waits
from kmf.models import Endpoint, Epoch, Waiting
from kmf.selectors import list_waiting
from kmf.services.changes import follow_change
from kmf.services.moderation import moderate
from kmf.services.presence import leave
from protocol.moderation import Order
from roster.models import Membership, RosterDelta

pytestmark = pytest.mark.django_db
SECOND = timedelta(seconds=1)


@pytest.fixture
def ada(endpoint, now):
    """The initiator, present."""
    ada = endpoint("ada")
    Participant.objects.filter(identity="ada@weaver.example").update(role="initiator")
    ada.ask(now)
    Endpoint.objects.update(last_seen_at=now + timedelta(hours=1))  # nobody here falls silent
    return ada


@pytest.fixture
def lobby(conference):
    conference.admission = Conference.Admission.LOBBY
    conference.save()


@pytest.fixture
def say(conference):
    """An order of an endpoint at a time, ``{"waiting": [identity], "locked": bool, "kept_out": [identity]}`` after it."""

    def order(endpoint, action, now, identity="", *, signed_in=None):
        door = moderate(
            verified=endpoint.verified(now, signed_in=signed_in),
            conference_id=conference.id,
            order=Order(action, identity and f"{identity}@weaver.example"),
            now=now,
        )
        return {
            "waiting": [row.participant.identity for row in door.waiting],
            "locked": door.conference.locked_at is not None,
            "kept_out": [row.identity for row in door.kept_out],
        }

    return order


def person(name):
    return Participant.objects.get(identity=f"{name}@weaver.example")


def present():
    rows = Membership.objects.filter(left_at=None).order_by("since", "pk")
    return list(rows.values_list("participant__identity", flat=True))


def events(*names):
    return list(AuditEntry.objects.filter(event__in=names).order_by("pk").values_list("event", flat=True))


def details(event):
    return json.loads(AuditEntry.objects.filter(event=event).order_by("-pk")[0].body)["details"]


def waits(endpoint, now):
    with pytest.raises(Waits) as refusal:
        endpoint.ask(now)
    return refusal.value


# --- lobby -----------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("KMF-REL-8")
def test_nobody_gets_a_key_out_of_the_lobby_before_he_is_let_in(ada, lobby, endpoint, say, now):
    bob = endpoint("bob")
    refusal = waits(bob, now + SECOND)
    assert (refusal.code, refusal.retry_after_s, refusal.name) == ("waiting", 3, "Bob")
    assert present() == ["ada@weaver.example"]
    assert bob.keys == {}
    assert Epoch.objects.count() == 1
    assert say(ada, "look", now + 2 * SECOND)["waiting"] == ["bob@weaver.example"]
    assert say(ada, "admit", now + 3 * SECOND, "bob") == {"waiting": [], "locked": False, "kept_out": []}
    assert bob.keys == {}
    bob.ask(now + 4 * SECOND)
    assert present() == ["ada@weaver.example", "bob@weaver.example"]
    assert len(bob.keys) == 1
    assert events("participant.waiting", "participant.admitted") == ["participant.waiting", "participant.admitted"]
    assert details("participant.admitted")["verified_by"] == "pwd"


def test_the_initiator_never_waits_in_his_own_lobby(lobby, ada):
    assert present() == ["ada@weaver.example"]
    assert not Waiting.objects.exists()


def test_everybody_sees_who_let_whom_in_and_when(ada, lobby, endpoint, say, now):
    bob = endpoint("bob")
    waits(bob, now)
    say(ada, "admit", now + SECOND, "bob")
    bob.ask(now + 2 * SECOND)
    joined = json.loads(bytes(RosterDelta.objects.order_by("-number")[0].body))["joined"][0]
    assert (joined["admitted_by"], joined["admitted_at"]) == ("Ada", int((now + SECOND).timestamp()))


def test_asking_again_is_written_down_once_and_keeps_his_place(ada, lobby, endpoint, now, conference):
    bob = endpoint("bob")
    for second in (0, 3, 6, 9):
        waits(bob, now + second * SECOND)
    row = Waiting.objects.get()
    assert (row.since, row.asked_at) == (now, now + 9 * SECOND)
    assert events("participant.waiting", "key.denied") == ["participant.waiting"]
    assert list_waiting(conference.id, now + 39 * SECOND) == [row]
    assert list_waiting(conference.id, now + 40 * SECOND) == []


def test_who_went_away_from_the_lobby_cannot_be_let_in(ada, lobby, endpoint, say, now):
    bob = endpoint("bob")
    waits(bob, now)
    with pytest.raises(UnknownParticipant):
        say(ada, "admit", now + 31 * SECOND, "bob")
    assert person("bob").admitted_at is None
    waits(bob, now + 32 * SECOND)
    assert Waiting.objects.get().since == now + 32 * SECOND


def test_a_declined_one_is_told_so_for_a_minute_and_may_then_ask_again(ada, lobby, endpoint, say, now):
    bob = endpoint("bob")
    waits(bob, now)
    assert say(ada, "decline", now + SECOND, "bob")["waiting"] == []
    for second in (2, 60):
        with pytest.raises(Declined):
            bob.ask(now + second * SECOND)
    assert say(ada, "look", now + 60 * SECOND)["waiting"] == []
    waits(bob, now + 62 * SECOND)
    assert say(ada, "look", now + 63 * SECOND)["waiting"] == ["bob@weaver.example"]
    assert bob.keys == {}


@pytest.mark.parametrize("name", ["eve", "cyd", "dan", "ada"])
@pytest.mark.requirement("MOD-3")
def test_only_an_invited_one_who_waits_can_be_let_in(ada, lobby, endpoint, account, say, now, name):
    account("eve")  # has an account, no invitation
    endpoint("cyd")  # is invited, does not wait
    dan = endpoint("dan")
    waits(dan, now)
    Participant.objects.filter(identity="dan@weaver.example").update(withdrawn_at=now)
    before = list(Participant.objects.order_by("pk").values())
    with pytest.raises(UnknownParticipant):
        say(ada, "admit", now + SECOND, name)
    assert list(Participant.objects.order_by("pk").values()) == before
    assert details("moderation.refused")["code"] == "unknown_participant"


def test_a_withdrawal_outweighs_an_admission(ada, lobby, endpoint, say, now):
    bob = endpoint("bob")
    waits(bob, now)
    say(ada, "admit", now + SECOND, "bob")
    Participant.objects.filter(identity="bob@weaver.example").update(withdrawn_at=now)
    with pytest.raises(Denied):
        bob.ask(now + 2 * SECOND)
    assert bob.keys == {}


# --- lock ------------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("KMF-REL-9")
def test_a_lock_keeps_out_who_is_new_and_nobody_else(ada, endpoint, say, now):
    bob, cyd = endpoint("bob"), endpoint("cyd")
    bob.ask(now + SECOND)
    Endpoint.objects.update(last_seen_at=now + timedelta(hours=1))
    assert say(ada, "lock", now + 2 * SECOND)["locked"]
    with pytest.raises(Locked):
        cyd.ask(now + 3 * SECOND)
    assert present() == ["ada@weaver.example", "bob@weaver.example"]
    assert cyd.keys == {}
    assert details("key.denied")["code"] == "locked"
    leave(endpoint_id=Endpoint.objects.get(jkt=bob.jkt).pk, reason="line_cut", now=now + 10 * SECOND)
    bob.ask(now + 69 * SECOND)
    assert len(bob.keys) == 2
    leave(endpoint_id=Endpoint.objects.get(jkt=bob.jkt, membership__left_at=None).pk, reason="left", now=now + 70 * SECOND)
    with pytest.raises(Locked):
        bob.ask(now + 131 * SECOND)
    assert present() == ["ada@weaver.example"]
    assert not say(ada, "unlock", now + 132 * SECOND)["locked"]
    cyd.ask(now + 133 * SECOND)
    assert present() == ["ada@weaver.example", "cyd@weaver.example"]


def test_the_initiator_comes_back_into_his_locked_conference(ada, say, now):
    say(ada, "lock", now)
    leave(endpoint_id=Endpoint.objects.get(jkt=ada.jkt).pk, reason="line_cut", now=now + SECOND)
    ada.ask(now + timedelta(minutes=10))
    assert present() == ["ada@weaver.example"]


def test_the_lock_is_told_to_everybody_in_the_signed_chain(ada, say, now):
    say(ada, "lock", now + SECOND)
    say(ada, "lock", now + 2 * SECOND)  # a second one changes nothing
    say(ada, "unlock", now + 3 * SECOND)
    deltas = [json.loads(bytes(row.body)) for row in RosterDelta.objects.order_by("number")]
    assert [(delta["cause"], delta["epoch"]) for delta in deltas] == [("join", 1), ("locked", 1), ("unlocked", 1)]
    assert events("conference.locked", "conference.unlocked") == ["conference.locked", "conference.unlocked"]


def test_who_waits_when_the_lock_falls_can_still_be_let_in_by_name(ada, lobby, endpoint, say, now):
    bob, cyd = endpoint("bob"), endpoint("cyd")
    waits(bob, now)
    say(ada, "lock", now + SECOND)
    for late in (bob, cyd):
        with pytest.raises(Locked):
            late.ask(now + 2 * SECOND)
    say(ada, "admit", now + 3 * SECOND, "bob")
    bob.ask(now + 4 * SECOND)
    with pytest.raises(Locked):
        cyd.ask(now + 5 * SECOND)
    assert present() == ["ada@weaver.example", "bob@weaver.example"]


# --- remove and ban --------------------------------------------------------------------------------------------------


@pytest.mark.requirement("KMF-REL-8")
def test_a_removed_one_is_out_at_once_and_comes_back_only_by_being_let_in(ada, endpoint, say, now):
    bob = endpoint("bob")
    bob.ask(now + SECOND)
    assert say(ada, "remove", now + 2 * SECOND, "bob")["kept_out"] == ["bob@weaver.example"]
    assert present() == ["ada@weaver.example"]
    current = Epoch.objects.get(state="current")
    assert (current.number, current.reason) == (3, "leave")
    assert current.key_id not in bob.keys
    assert Endpoint.objects.get(jkt=bob.jkt).sealed_member_secret is None
    assert OutboxItem.objects.get(kind="provider.order").payload["order"] == "evict"
    waits(bob, now + 3 * SECOND)
    assert present() == ["ada@weaver.example"]
    assert say(ada, "admit", now + 4 * SECOND, "bob")["kept_out"] == []
    bob.ask(now + 5 * SECOND)
    assert present() == ["ada@weaver.example", "bob@weaver.example"]


@pytest.mark.requirement("KMF-REL-8")
def test_a_banned_one_is_denied_as_if_he_were_a_stranger(ada, endpoint, say, now):
    bob = endpoint("bob")
    bob.ask(now + SECOND)
    say(ada, "ban", now + 2 * SECOND, "bob")
    with pytest.raises(Denied) as refusal:
        bob.ask(now + 3 * SECOND)
    assert refusal.value.code == "denied"
    assert details("key.denied")["reason"] == "banned by the initiator"
    assert present() == ["ada@weaver.example"]
    assert not Waiting.objects.exists()
    with pytest.raises(UnknownParticipant):
        say(ada, "admit", now + 4 * SECOND, "bob")
    say(ada, "unban", now + 5 * SECOND, "bob")
    waits(bob, now + 6 * SECOND)  # forgiven, but not let in by that
    assert len(bob.keys) == 1


def test_somebody_can_be_banned_while_he_waits(ada, lobby, endpoint, say, now):
    bob = endpoint("bob")
    waits(bob, now)
    assert say(ada, "ban", now + SECOND, "bob") == {"waiting": [], "locked": False, "kept_out": ["bob@weaver.example"]}
    with pytest.raises(Denied):
        bob.ask(now + 2 * SECOND)
    assert bob.keys == {}


def test_a_ban_and_a_withdrawal_take_the_seat_at_the_provider_of_who_has_no_key_too(ada, conference, endpoint, say, now):
    endpoint("bob"), endpoint("cyd")
    say(ada, "ban", now + SECOND, "bob")
    cyd = person("cyd")
    withdraw_invitation(conference_id=conference.id, participant_id=cyd.pk, actor="ada@weaver.example", now=now + SECOND)
    follow_change(OutboxItem.objects.get(kind="conference.changed"), now + 2 * SECOND)
    orders = [item.payload for item in OutboxItem.objects.filter(kind="provider.order").order_by("pk")]
    common = {"order": "evict", "handle": conference.handle}
    assert orders == [common | {"pseudonym": person("bob").pseudonym}, common | {"pseudonym": cyd.pseudonym}]
    assert present() == ["ada@weaver.example"]
    assert Epoch.objects.count() == 1


def test_whoever_is_invited_anew_waits_anew(ada, lobby, conference, endpoint, say, now):
    bob = endpoint("bob")
    waits(bob, now)
    say(ada, "admit", now, "bob")
    who = {"conference_id": conference.id, "actor": "ada@weaver.example", "now": now + SECOND}
    withdraw_invitation(participant_id=person("bob").pk, **who)
    invitee = Invitee(identity="bob@weaver.example", name="Bob", kind="person")
    invite_participant(invitee=invitee, actor_name="Ada", **who)
    waits(bob, now + 2 * SECOND)
    assert bob.keys == {}
    assert present() == ["ada@weaver.example"]
    say(ada, "admit", now + 3 * SECOND, "bob")
    bob.ask(now + 4 * SECOND)
    assert present() == ["ada@weaver.example", "bob@weaver.example"]


# --- who may order ---------------------------------------------------------------------------------------------------


@pytest.mark.requirement("MOD-1")
@pytest.mark.parametrize("action", ["look", "lock", "admit", "remove", "ban"])
def test_a_participant_orders_nothing(ada, lobby, conference, endpoint, say, now, action):
    bob, cyd = endpoint("bob"), endpoint("cyd")
    waits(bob, now)
    say(ada, "admit", now, "bob")
    bob.ask(now + SECOND)
    waits(cyd, now + SECOND)
    with pytest.raises(Denied) as refusal:
        say(bob, action, now + 2 * SECOND, "" if action in {"look", "lock"} else "cyd")
    assert refusal.value.code == "denied"
    conference.refresh_from_db()
    assert conference.locked_at is None
    assert (person("cyd").admitted_at, person("cyd").removed_at, person("cyd").banned_at) == (None, None, None)
    assert present() == ["ada@weaver.example", "bob@weaver.example"]
    assert details("moderation.refused")["reason"] == "not the initiator"


@pytest.mark.requirement("MOD-1")
def test_whoever_goes_on_ordering_in_vain_fills_no_audit(ada, conference, endpoint, say, now):
    bob = endpoint("bob")
    bob.ask(now)
    for _ in range(KEY_REFUSALS.amount):
        with pytest.raises(Denied):
            say(bob, "lock", now)
    with pytest.raises(TooManyMessages):
        say(bob, "lock", now)
    assert len(events("moderation.refused")) == KEY_REFUSALS.amount
    assert say(ada, "look", now)["locked"] is False


@pytest.mark.requirement("MOD-1")
def test_an_initiator_orders_nothing_in_a_conference_of_somebody_else(ada, account, conference, say, now):
    eve = type(ada)(account=account("eve"), conference_id="E" * 22)
    with pytest.raises(Stranger) as refusal:
        say(eve, "lock", now)
    assert refusal.value.code == "denied"
    conference.refresh_from_db()
    assert conference.locked_at is None
    written = AuditEntry.objects.get(event="moderation.refused")
    assert written.chain == "organisation:weaver"


@pytest.mark.requirement("MOD-1")
def test_an_initiator_who_is_not_present_orders_nothing(ada, conference, say, now):
    leave(endpoint_id=Endpoint.objects.get(jkt=ada.jkt).pk, reason="left", now=now + SECOND)
    with pytest.raises(Stranger):
        say(ada, "lock", now + 2 * SECOND)
    conference.refresh_from_db()
    assert conference.locked_at is None


@pytest.mark.requirement("MOD-1")
def test_a_withdrawn_initiator_orders_nothing(ada, conference, say, now):
    Participant.objects.filter(identity="ada@weaver.example").update(withdrawn_at=now)
    with pytest.raises(Denied):
        say(ada, "lock", now + SECOND)
    conference.refresh_from_db()
    assert conference.locked_at is None
    assert present() == []


@pytest.mark.requirement("MOD-1")
def test_nothing_is_ordered_after_the_end(ada, conference, say, now):
    with pytest.raises((Ended, Stranger)):
        say(ada, "lock", conference.closes_at)
    conference.refresh_from_db()
    assert conference.locked_at is None


@pytest.mark.requirement("MOD-2")
@pytest.mark.parametrize("action", ["admit", "unlock", "unban"])
def test_loosening_needs_a_sign_in_younger_than_ten_minutes(ada, lobby, conference, endpoint, say, now, action):
    bob, cyd = endpoint("bob"), endpoint("cyd")
    waits(bob, now)
    say(ada, "ban", now, "cyd")
    say(ada, "lock", now)
    identity = {"admit": "bob", "unlock": "", "unban": "cyd"}[action]

    def door():
        conference.refresh_from_db()
        return conference.locked_at, person("bob").admitted_at, person("cyd").banned_at

    before = door()
    with pytest.raises(StepUp):
        say(ada, action, now + SECOND, identity, signed_in=now + SECOND - timedelta(minutes=10))
    assert door() == before
    say(ada, action, now + SECOND, identity, signed_in=now + 2 * SECOND - timedelta(minutes=10))
    assert [held is None for held in door()] != [held is None for held in before]
    assert cyd.keys == {}


@pytest.mark.requirement("MOD-2")
def test_tightening_needs_none(ada, conference, endpoint, say, now):
    endpoint("bob").ask(now)
    endpoint("cyd").ask(now)
    old = now - timedelta(hours=5)
    say(ada, "lock", now + SECOND, signed_in=old)
    say(ada, "remove", now + SECOND, "bob", signed_in=old)
    say(ada, "ban", now + SECOND, "cyd", signed_in=old)
    conference.refresh_from_db()
    assert conference.locked_at is not None
    assert present() == ["ada@weaver.example"]


@pytest.mark.requirement("MOD-3")
@pytest.mark.django_db(transaction=True)
def test_no_audit_no_order(ada, endpoint, say, now):
    endpoint("bob").ask(now)
    with connection.cursor() as cursor:  # as if the disk were full for this one row
        cursor.execute("ALTER TABLE conferences_auditentry ADD CONSTRAINT disk_full CHECK (event <> 'participant.removed')")
    try:
        with pytest.raises(DatabaseError):
            say(ada, "remove", now + SECOND, "bob")
        assert present() == ["ada@weaver.example", "bob@weaver.example"]
        assert person("bob").removed_at is None
        assert Epoch.objects.count() == 1  # they came within 100 ms
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE conferences_auditentry DROP CONSTRAINT disk_full")
