"""Scheduling and ending a conference. Each decision, its audit entry and its effects to come are one transaction."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from conferences.errors import AlreadyInvited, ConferenceOver, TooManyParticipants, UnknownConference
from conferences.models import Conference, Organisation, Participant
from conferences.rules import MAX_INVITED, REMINDED_BEFORE, WORTH_A_REMINDER, is_over
from conferences.services.audit import Fact, record, record_all
from conferences.services.hinted import hint_on_commit
from conferences.services.outbox import enqueue, enqueue_all
from conferences.services.plan import ConferencePlan, Invitee


@transaction.atomic
def schedule_conference(
    *,
    plan: ConferencePlan,
    organisation: Organisation,
    initiator_identity: str,
    initiator_name: str,
    now: datetime,
    conference_id: str | None = None,
) -> Conference:
    """Schedule a conference and invite everybody in ``plan``; the initiator becomes its first participant.

    Args:
        plan: what is scheduled.
        organisation: the customer.
        initiator_identity: e-mail address, lower case.
        initiator_name: for display.
        now: UTC.
        conference_id: made by the form before it was sent; a form sent twice gives one conference.

    Raises:
        TooManyParticipants: more than ``MAX_INVITED`` invitees.
        AlreadyInvited: somebody is listed twice, or the initiator is listed.
        UnknownConference: ``conference_id`` is somebody else's.

    """
    identities = {initiator_identity, *(invitee.identity for invitee in plan.invitees)}
    if len(plan.invitees) > MAX_INVITED:
        raise TooManyParticipants
    if len(identities) != len(plan.invitees) + 1:
        raise AlreadyInvited
    fields = {
        "organisation": organisation,
        "title": plan.title,
        "initiator_identity": initiator_identity,
        "initiator_name": initiator_name,
        "time_zone": plan.time_zone,
        "starts_at": plan.starts_at,
        "duration_min": plan.duration_min,
        "on_join": plan.on_join,
        "admission": plan.admission,
        "sign_in": plan.sign_in,
        "past_access": plan.past_access,
        "keys_kept_days": plan.keys_kept_days,
        "created_at": now,
    }
    if conference_id is None:
        conference = Conference.objects.create(**fields)
    else:
        conference, made = Conference.objects.get_or_create(id=conference_id, defaults=fields)
        if not made:
            return _own(conference, organisation, initiator_identity)
    _add_participants(conference, plan, now)
    return conference


def _own(conference: Conference, organisation: Organisation, initiator_identity: str) -> Conference:
    if conference.organisation_id != organisation.pk or conference.initiator_identity != initiator_identity:
        raise UnknownConference
    return conference


def _add_participants(conference: Conference, plan: ConferencePlan, now: datetime) -> None:
    initiator = Invitee(conference.initiator_identity, conference.initiator_name)
    rows = [_participant(conference, initiator, now, role=Participant.Role.INITIATOR)]
    rows += [_participant(conference, invitee, now) for invitee in plan.invitees]
    Participant.objects.bulk_create(rows)
    details = {
        "title": conference.title,
        "starts_at": conference.starts_at.isoformat(),
        "time_zone": conference.time_zone,
        "duration_min": conference.duration_min,
        "on_join": conference.on_join,
        "admission": conference.admission,
        "sign_in": conference.sign_in,
        "past_access": conference.past_access,
    }
    if conference.past_access == Conference.PastAccess.RECORDING:
        details["keys_kept_days"] = conference.keys_kept_days
    scheduled = Fact("conference.scheduled", details)
    facts = [scheduled, *(invited_fact(row) for row in rows)]
    record_all(facts=facts, at=now, actor=conference.initiator_identity, conference=conference)
    enqueue_invitations(conference, rows[1:], now)
    enqueue_change(conference, now)


@transaction.atomic
def end_conference(*, conference_id: str, reason: str, actor: str, now: datetime) -> Conference:
    """End a conference for everybody. Ended before its scheduled start, it is cancelled in every calendar too.

    Args:
        conference_id: which.
        reason: ``initiator``, ``schedule`` or ``empty``.
        actor: identity, or ``system``.
        now: UTC.

    Raises:
        UnknownConference: there is none of this id.
        ConferenceOver: it has ended already.

    """
    conference = locked_conference(conference_id)
    if conference.ended_at is not None:
        raise ConferenceOver
    conference.ended_at, conference.end_reason = now, reason
    conference.save(update_fields=["ended_at", "end_reason"])
    record(event="conference.ended", at=now, actor=actor, conference=conference, details={"reason": reason})
    if now < conference.starts_at:
        _cancel_in_calendars(conference, now)
    enqueue_change(conference, now)
    return conference


def _cancel_in_calendars(conference: Conference, now: datetime) -> None:
    conference.sequence += 1
    conference.save(update_fields=["sequence"])
    invited = conference.participants.filter(withdrawn_at=None, role=Participant.Role.PARTICIPANT).order_by("id")
    enqueue_cancellations(conference, invited, now)


def locked_conference(conference_id: str) -> Conference:
    """The conference, its row locked until the transaction ends.

    Raises:
        UnknownConference: there is none of this id.

    """
    try:
        return (
            Conference.objects.select_for_update(of=("self",), no_key=True).select_related("organisation").get(pk=conference_id)
        )
    except Conference.DoesNotExist:
        raise UnknownConference from None


def open_conference(conference_id: str, now: datetime) -> Conference:
    """As ``locked_conference``, but one that is not over.

    Raises:
        UnknownConference: there is none of this id.
        ConferenceOver: its time is past or it was ended.

    """
    conference = locked_conference(conference_id)
    if is_over(conference, now):
        raise ConferenceOver
    return conference


def enqueue_invitations(conference: Conference, participants: Sequence[Participant], now: datetime) -> None:
    """Mail the invitation (iCalendar REQUEST) to each soon, and remind those who are invited well ahead."""
    _enqueue_mails("invitation.request", conference, participants, now)
    people = [participant for participant in participants if participant.kind == Participant.Kind.PERSON]
    if conference.starts_at - now >= WORTH_A_REMINDER:
        _enqueue_mails("invitation.reminder", conference, people, now, due_at=conference.starts_at - REMINDED_BEFORE)


def enqueue_cancellations(conference: Conference, participants: Iterable[Participant], now: datetime) -> None:
    """Mail the cancellation (iCalendar CANCEL) to each soon; ``conference.sequence`` was raised before."""
    _enqueue_mails("invitation.cancel", conference, participants, now)


def _enqueue_mails(
    kind: str, conference: Conference, participants: Iterable[Participant], now: datetime, due_at: datetime | None = None
) -> None:
    ids = [participant.pk for participant in participants]
    payloads = [{"conference": conference.id, "participant": pk, "sequence": conference.sequence} for pk in ids]
    enqueue_all(kind=kind, payloads=payloads, organisation=conference.organisation, now=now, due_at=due_at)


def enqueue_change(conference: Conference, now: datetime, *, withdrawn: Participant | None = None) -> None:
    """Tell whoever looks after keys and media that the rows changed; the rows are the truth, this is the hint.

    ``withdrawn`` is whose invitation ended: without a key he may have a seat at the provider all the same.
    """
    payload: dict[str, Any] = {"conference": conference.id}
    if withdrawn is not None:
        payload["withdrawn"] = withdrawn.pk
    enqueue(kind="conference.changed", payload=payload, organisation=conference.organisation, now=now)
    hint_on_commit(conference.id)


def invited_fact(participant: Participant) -> Fact:
    """Audit fact of an invitation."""
    details = {name: getattr(participant, name) for name in ("identity", "name", "role", "kind", "invited_by")}
    return Fact("participant.invited", {name: str(value) for name, value in details.items()})


def _participant(
    conference: Conference, invitee: Invitee, now: datetime, role: str = Participant.Role.PARTICIPANT
) -> Participant:
    return Participant(
        organisation=conference.organisation,
        conference=conference,
        identity=invitee.identity,
        name=invitee.name,
        kind=invitee.kind,
        role=role,
        invited_at=now,
        invited_by=conference.initiator_name,
    )
