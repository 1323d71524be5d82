"""Inviting and withdrawing after the conference was scheduled. The attendee list is the authorization (DESIGN section 4)."""

from datetime import datetime

from django.db import transaction

from conferences.errors import AlreadyInvited, InitiatorStays, NotInvited, TooManyParticipants
from conferences.models import Conference, Participant
from conferences.rules import MAX_INVITED
from conferences.services.audit import record, record_all
from conferences.services.plan import Invitee
from conferences.services.scheduling import (
    enqueue_cancellations,
    enqueue_change,
    enqueue_invitations,
    invited_fact,
    open_conference,
)


@transaction.atomic
def invite_participant(*, conference_id: str, invitee: Invitee, actor: str, actor_name: str, now: datetime) -> Participant:
    """Invite one more; somebody whose invitation was withdrawn is invited again under the same row.

    Args:
        conference_id: which.
        invitee: whom.
        actor: identity that invites.
        actor_name: shown to everybody as "invited by".
        now: UTC.

    Raises:
        UnknownConference: there is none of this id.
        ConferenceOver: nobody can be invited any more.
        AlreadyInvited: it is a participant now.
        TooManyParticipants: ``MAX_INVITED`` are invited.

    """
    conference = open_conference(conference_id, now)
    check_free_seat(conference)
    fresh = {
        "name": invitee.name,
        "kind": invitee.kind,
        "invited_at": now,
        "invited_by": actor_name,
        "withdrawn_at": None,
        "mailed_at": None,
        "reminded_at": None,
    }
    participant, made = Participant.objects.get_or_create(
        conference=conference, identity=invitee.identity, defaults={"organisation": conference.organisation, **fresh}
    )
    if not made and participant.withdrawn_at is None:
        raise AlreadyInvited
    if not made:
        for field, value in fresh.items():
            setattr(participant, field, value)
        participant.save(update_fields=list(fresh))
    record_all(facts=[invited_fact(participant)], at=now, actor=actor, conference=conference)
    enqueue_invitations(conference, [participant], now)
    enqueue_change(conference, now)
    return participant


@transaction.atomic
def check_invitable(*, conference_id: str, identity: str, now: datetime) -> None:
    """Raise what ``invite_participant`` would raise for ``identity`` now; nothing is changed."""
    conference = open_conference(conference_id, now)
    check_free_seat(conference)
    if conference.participants.filter(identity=identity, withdrawn_at=None).exists():
        raise AlreadyInvited


@transaction.atomic
def withdraw_invitation(*, conference_id: str, participant_id: int, actor: str, now: datetime) -> Participant:
    """Withdraw an invitation: the right to the key ends with this transaction, the calendars follow by mail.

    Args:
        conference_id: which.
        participant_id: row of the participant in it.
        actor: identity that withdraws.
        now: UTC.

    Raises:
        UnknownConference: there is none of this id.
        ConferenceOver: there is nothing left to withdraw.
        NotInvited: no such participant, or withdrawn before.
        InitiatorStays: it is the initiator's own.

    """
    conference = open_conference(conference_id, now)
    participant = conference.participants.select_for_update(no_key=True).filter(pk=participant_id, withdrawn_at=None).first()
    if participant is None:
        raise NotInvited
    if participant.role == Participant.Role.INITIATOR:
        raise InitiatorStays
    participant.withdrawn_at = now
    participant.save(update_fields=["withdrawn_at"])
    conference.sequence += 1
    conference.save(update_fields=["sequence"])
    details = {"identity": participant.identity, "name": participant.name}
    record(event="participant.withdrawn", at=now, actor=actor, conference=conference, details=details)
    enqueue_cancellations(conference, [participant], now)
    enqueue_change(conference, now, withdrawn=participant)
    return participant


def check_free_seat(conference: Conference) -> None:
    """Raise ``TooManyParticipants`` where nobody else fits."""
    invited = conference.participants.filter(withdrawn_at=None, role=Participant.Role.PARTICIPANT).count()
    if invited >= MAX_INVITED:
        raise TooManyParticipants
