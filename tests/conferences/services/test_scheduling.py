"""Scheduling and ending: rows, audit and effects to come are one transaction."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from conferences.errors import AlreadyInvited, ConferenceOver, TooManyParticipants, UnknownConference
from conferences.models import AuditChain, Conference, Organisation, OutboxItem, Participant
from conferences.services.plan import ConferencePlan, Invitee
from conferences.services.scheduling import end_conference, schedule_conference
from tests.conferences.conftest import ADA, BEN, CHIARA


def kinds() -> list[str]:
    return sorted(OutboxItem.objects.values_list("kind", flat=True))


def test_schedule_writes_rows_audit_and_outbox(schedule: Callable[..., Conference], events: Callable[..., list[str]]) -> None:
    conference = schedule()
    roles = dict(conference.participants.values_list("identity", "role"))
    assert roles == {ADA: "initiator", BEN: "participant", CHIARA: "participant"}
    assert events(conference) == ["conference.scheduled"] + ["participant.invited"] * 3
    assert kinds() == ["conference.changed"] + ["invitation.reminder"] * 2 + ["invitation.request"] * 2
    assert len(set(conference.participants.values_list("pseudonym", flat=True))) == 3
    payloads = OutboxItem.objects.filter(kind="invitation.request").values_list("payload", flat=True)
    assert all(set(payload) == {"conference", "participant", "sequence"} for payload in payloads)


@pytest.mark.parametrize(
    ("invitees", "error"),
    [
        ((Invitee(BEN), Invitee(BEN)), AlreadyInvited),
        ((Invitee(ADA),), AlreadyInvited),
        (tuple(Invitee(f"p{n}@weaver.example") for n in range(1001)), TooManyParticipants),
    ],
    ids=["somebody twice", "the initiator", "1001 invitees"],
)
def test_a_refused_plan_leaves_nothing(
    schedule: Callable[..., Conference], invitees: tuple[Invitee, ...], error: type[Exception]
) -> None:
    with pytest.raises(error):
        schedule(invitees=invitees)
    assert not Conference.objects.exists()
    assert not AuditChain.objects.exists()
    assert not OutboxItem.objects.exists()


def test_a_form_sent_twice_makes_one_conference(organisation: Organisation, now: datetime) -> None:
    plan = ConferencePlan("Twice", now + timedelta(hours=1), "UTC", 30, (Invitee(BEN),))
    who = {"organisation": organisation, "initiator_identity": ADA, "initiator_name": "Ada"}
    first, second = (schedule_conference(plan=plan, **who, now=now, conference_id="A" * 22) for _ in range(2))
    assert first == second
    assert Participant.objects.count() == 2
    assert kinds() == ["conference.changed", "invitation.reminder", "invitation.request"]


def test_a_form_of_somebody_else_opens_nothing(organisation: Organisation, now: datetime) -> None:
    plan = ConferencePlan("Mine", now + timedelta(hours=1), "UTC", 30)
    schedule_conference(
        plan=plan, organisation=organisation, initiator_identity=ADA, initiator_name="Ada", now=now, conference_id="A" * 22
    )
    with pytest.raises(UnknownConference):
        schedule_conference(
            plan=plan, organisation=organisation, initiator_identity=BEN, initiator_name="Ben", now=now, conference_id="A" * 22
        )
    assert Participant.objects.count() == 1


def test_1000_invitees_cost_a_bounded_number_of_queries(
    schedule: Callable[..., Conference], django_assert_max_num_queries: Callable[..., object]
) -> None:
    invitees = tuple(Invitee(f"p{n}@weaver.example") for n in range(1000))
    with django_assert_max_num_queries(25):
        conference = schedule(invitees=invitees)
    assert conference.participants.count() == 1001
    assert AuditChain.objects.get(chain=conference.id).number == 1002


def test_ending_before_the_start_cancels_in_every_calendar(
    schedule: Callable[..., Conference], now: datetime, events: Callable[..., list[str]]
) -> None:
    conference = schedule()
    end_conference(conference_id=conference.id, reason="initiator", actor=ADA, now=now + timedelta(minutes=1))
    conference.refresh_from_db()
    assert (conference.ended_at, conference.end_reason) == (now + timedelta(minutes=1), "initiator")
    assert conference.sequence == 1
    assert OutboxItem.objects.filter(kind="invitation.cancel", payload__sequence=1).count() == 2
    assert events(conference)[-1] == "conference.ended"


def test_ending_a_running_conference_sends_no_mail(schedule: Callable[..., Conference], now: datetime) -> None:
    conference = schedule()
    end_conference(conference_id=conference.id, reason="initiator", actor=ADA, now=now + timedelta(minutes=70))
    assert not OutboxItem.objects.filter(kind="invitation.cancel").exists()
    assert OutboxItem.objects.filter(kind="conference.changed").count() == 2


def test_ending_twice_changes_nothing(
    schedule: Callable[..., Conference], now: datetime, events: Callable[..., list[str]]
) -> None:
    conference = schedule()
    end_conference(conference_id=conference.id, reason="initiator", actor=ADA, now=now)
    before = (kinds(), events(conference))
    with pytest.raises(ConferenceOver):
        end_conference(conference_id=conference.id, reason="schedule", actor="system", now=now + timedelta(hours=1))
    conference.refresh_from_db()
    assert conference.end_reason == "initiator"
    assert (kinds(), events(conference)) == before


def test_ending_an_unknown_conference(db: None, now: datetime) -> None:
    with pytest.raises(UnknownConference):
        end_conference(conference_id="B" * 22, reason="initiator", actor=ADA, now=now)
    assert not AuditChain.objects.exists()
