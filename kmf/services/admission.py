"""Coming in where the initiator has a say: the lobby, the lock, and who was removed. Called by the release of a key."""

from datetime import datetime, timedelta

from django.db import transaction

from conferences.models import Participant
from conferences.rules import (
    CLOCKS_DIFFER,
    SIGN_IN_MAX_AGE,
    demanded_strength,
    is_locked_out,
    is_strong_enough,
    needs_admission,
)
from conferences.services.audit import record
from kmf.authorization.models import Account
from kmf.authorization.services import VerifiedRequest
from kmf.errors import Declined, Denied, Locked, Waits, WeakSignIn
from kmf.models import Waiting
from kmf.selectors import WAITS_FOR, was_here_lately

ASK_AGAIN_S = 3
DECLINED_FOR = timedelta(seconds=60)


def check_strength(*, participant: Participant, verified: VerifiedRequest, now: datetime) -> None:
    """Check that somebody invited signed in as strongly, and as lately, as the conference demands.

    Raises:
        WeakSignIn: he did not; it says what to ask him for.

    """
    demanded, token = demanded_strength(participant.conference, is_device=verified.account.is_device), verified.token
    if is_strong_enough(demanded, strength=token.acr, signed_in_at=token.auth_time, now=now):
        return
    reason = (
        f"signed in as {token.acr.acr}, demanded is {demanded.acr}" if token.acr < demanded else "sign-in is twelve hours old"
    )
    raise WeakSignIn(reason, acr=demanded.acr, max_age_s=int(SIGN_IN_MAX_AGE.total_seconds()))


def check_let_in(*, participant: Participant, verified: VerifiedRequest, now: datetime) -> None:
    """Check that nothing which the initiator decided keeps an invited identity out.

    Args:
        participant: its row locked, its conference read under the conference's lock.
        verified: who asks.
        now: time at which the lock was had.

    Raises:
        Locked: the conference is locked, and this is somebody new.
        Declined: the initiator said no less than a minute ago.
        Waits: the initiator has not let it in yet.

    """
    conference = participant.conference
    is_locked = conference.locked_at is not None
    if is_locked and is_locked_out(conference, participant, was_here=was_here_lately(participant, now)):
        raise Locked("conference is locked")
    if not needs_admission(conference, participant):
        return
    if _is_declined(Waiting.objects.filter(participant=participant).first(), now):
        raise Declined("declined by the initiator", retry_after_s=int(DECLINED_FOR.total_seconds()))
    reason = "was removed and is not let in again" if participant.removed_at is not None else "not let in yet"
    raise Waits(reason, name=shown_name(verified, participant), retry_after_s=ASK_AGAIN_S)


@transaction.atomic
def knock(*, participant_id: int, verified: VerifiedRequest, now: datetime) -> None:
    """Have the initiator see who waits. The audit is told when the waiting begins, not at each time he asks again."""
    participant = Participant.objects.select_for_update(no_key=True).select_related("organisation").get(pk=participant_id)
    waiting = Waiting.objects.filter(participant=participant).first()
    if (
        not needs_admission(participant.conference, participant)
        or participant.banned_at is not None
        or _is_declined(waiting, now)
    ):
        return  # decided while he asked; he hears of it when he asks again
    is_new = waiting is None or waiting.declined_at is not None or not -CLOCKS_DIFFER <= now - waiting.asked_at <= WAITS_FOR
    name, verified_by = shown_name(verified, participant), how_verified(verified)
    fields = {"name": name, "verified_by": verified_by, "asked_at": now, "declined_at": None}
    if not is_new:
        Waiting.objects.filter(participant=participant).update(**fields)
        return
    defaults = {**fields, "since": now, "conference": participant.conference, "organisation": participant.organisation}
    Waiting.objects.update_or_create(participant=participant, defaults=defaults)
    record(
        event="participant.waiting",
        at=now,
        actor=participant.identity,
        conference=participant.conference,
        details={"identity": participant.identity, "name": name, "verified_by": verified_by},
    )


def _is_declined(waiting: Waiting | None, now: datetime) -> bool:
    if waiting is None or waiting.declined_at is None:
        return False
    return timedelta(0) <= now - waiting.declined_at < DECLINED_FOR


def check_kind(*, participant: Participant, verified: VerifiedRequest) -> None:
    """Check that whoever may keep what he receives was invited as that.

    Raises:
        Denied: a recorder, invited as a person or a room.

    """
    if verified.account.kind == Account.Kind.RECORDER and participant.kind != Participant.Kind.RECORDER:
        raise Denied("a recorder, invited as something else")


def shown_kind(verified: VerifiedRequest, participant: Participant) -> str:
    """What everybody sees: of an enrolled device what it is, whatever the invitation says; else what the invitation says."""
    account = verified.account
    return participant.kind if account.kind == Account.Kind.PERSON else account.kind


def shown_name(verified: VerifiedRequest, participant: Participant) -> str:
    """The name under which everybody sees an identity."""
    return verified.account.name or participant.name or participant.identity


def how_verified(verified: VerifiedRequest) -> str:
    """How an identity was verified: RFC 8176 words joined by ``+``."""
    return "+".join(verified.token.amr) or "unknown"
