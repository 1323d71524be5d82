"""Pure rules of a conference's life in time. No database, no clock."""

from datetime import datetime, timedelta
from enum import StrEnum

from conferences.models import Conference, Participant
from protocol.sign_in import Strength, parse_acr

# Clocks of our processes differ by less. What is dated further ahead was written before a clock was put back (ADR 0031).
CLOCKS_DIFFER = timedelta(seconds=5)
KEYS_KEPT_DAYS, MOST_KEYS_KEPT_DAYS = 30, 3650  # after the end, where recordings may be decrypted
MAX_INVITED = 1000  # participants beside the initiator
SIGN_IN_MAX_AGE = timedelta(hours=12)  # where the conference demands a strength
REMINDED_BEFORE = timedelta(minutes=15)
WORTH_A_REMINDER = timedelta(hours=1)  # who is invited later than this before the start has just read the invitation


class State(StrEnum):
    """Where a conference stands."""

    SCHEDULED = "scheduled"  # the door is still shut
    OPEN = "open"  # may be joined, scheduled start not reached
    RUNNING = "running"  # between scheduled start and end
    GRACE = "grace"  # past its scheduled end, not yet closed
    ENDED = "ended"


def state_of(conference: Conference, now: datetime) -> State:
    """State of ``conference`` at ``now`` (UTC)."""
    if conference.ended_at is not None or now >= conference.closes_at:
        return State.ENDED
    if now < conference.opens_at:
        return State.SCHEDULED
    if now < conference.starts_at:
        return State.OPEN
    return State.RUNNING if now < conference.scheduled_end_at else State.GRACE


def is_over(conference: Conference, now: datetime) -> bool:
    """Whether no key can be had any more."""
    return state_of(conference, now) is State.ENDED


def needs_admission(conference: Conference, participant: Participant) -> bool:
    """Whether the initiator must let this participant in: the lobby is on, or he was removed before."""
    if participant.removed_at is not None:
        return True
    is_guarded = conference.admission == Conference.Admission.LOBBY and participant.role != Participant.Role.INITIATOR
    return is_guarded and _admitted_at(participant) is None


def demanded_strength(conference: Conference, *, is_device: bool) -> Strength:
    """How strongly somebody must have signed in. A device has no second factor: its key is what the company gave it.

    Args:
        conference: what it demands.
        is_device: the account is a room system's or a recorder's. What it was invited as does not count: a person who was
            invited as a room signs in as a person.

    """
    demanded = parse_acr(conference.sign_in)
    return min(demanded, Strength.COMPANY) if is_device else demanded


def is_strong_enough(demanded: Strength, *, strength: Strength, signed_in_at: datetime | None, now: datetime) -> bool:
    """Whether a sign-in does where ``demanded`` is; where more than any is, it is of the last twelve hours."""
    if demanded is Strength.ANY:
        return True
    return strength >= demanded and signed_in_at is not None and -CLOCKS_DIFFER <= now - signed_in_at <= SIGN_IN_MAX_AGE


def is_locked_out(conference: Conference, participant: Participant, *, was_here: bool) -> bool:
    """Whether the lock keeps this participant out: not the initiator, nor who is or was just here, nor who was let in since."""
    if conference.locked_at is None or was_here or participant.role == Participant.Role.INITIATOR:
        return False
    admitted_at = _admitted_at(participant)
    return admitted_at is None or admitted_at < conference.locked_at


def _admitted_at(participant: Participant) -> datetime | None:
    """When the initiator let him in; None too where he was invited anew since: that was meant for the earlier invitation."""
    admitted_at = participant.admitted_at
    return None if admitted_at is None or admitted_at < participant.invited_at else admitted_at
