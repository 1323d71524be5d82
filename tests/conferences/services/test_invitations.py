"""Inviting and withdrawing: the attendee list is the authorization."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.db import transaction

from conferences.errors import AlreadyInvited, ConferenceOver, InitiatorStays, NotInvited, TooManyParticipants
from conferences.models import Conference, OutboxItem
from conferences.services import hinted
from conferences.services.hinted import register_listener
from conferences.services.invitations import invite_participant, withdraw_invitation
from conferences.services.plan import Invitee
from tests.conferences.conftest import ADA, BEN

DORA = "dora@weaver.example"


def invite(conference: Conference, identity: str, now: datetime) -> object:
    return invite_participant(conference_id=conference.id, invitee=Invitee(identity), actor=ADA, actor_name="Ada Weaver", now=now)


def withdraw(conference: Conference, identity: str, now: datetime) -> object:
    participant = conference.participants.get(identity=identity)
    return withdraw_invitation(conference_id=conference.id, participant_id=participant.pk, actor=ADA, now=now)


def snapshot(conference: Conference) -> tuple[object, ...]:
    conference.refresh_from_db()
    rows = conference.participants.order_by("id").values_list("identity", "withdrawn_at", "invited_at")
    return list(rows), conference.sequence, OutboxItem.objects.count()


def test_invite_adds_a_participant(schedule: Callable[..., Conference], now: datetime, events: Callable[..., list[str]]) -> None:
    conference = schedule()
    participant = invite(conference, DORA, now)
    assert (participant.invited_by, participant.mailed_at) == ("Ada Weaver", None)
    assert events(conference)[-1] == "participant.invited"
    assert OutboxItem.objects.filter(kind="invitation.request", payload__participant=participant.pk).count() == 1
    assert OutboxItem.objects.filter(kind="conference.changed").count() == 2


def test_withdraw_ends_the_right_at_once(
    schedule: Callable[..., Conference], now: datetime, events: Callable[..., list[str]]
) -> None:
    conference = schedule()
    participant = withdraw(conference, BEN, now)
    participant.refresh_from_db()
    assert participant.withdrawn_at == now
    assert events(conference)[-1] == "participant.withdrawn"
    item = OutboxItem.objects.get(kind="invitation.cancel")
    assert item.payload == {"conference": conference.id, "participant": participant.pk, "sequence": 1}
    assert OutboxItem.objects.filter(kind="conference.changed").count() == 2


def test_inviting_again_uses_the_same_row(schedule: Callable[..., Conference], now: datetime) -> None:
    conference = schedule()
    before = withdraw(conference, BEN, now)
    after = invite(conference, BEN, now + timedelta(minutes=1))
    assert (after.pk, after.withdrawn_at, after.pseudonym) == (before.pk, None, before.pseudonym)
    item = OutboxItem.objects.filter(kind="invitation.request").latest("id")
    assert item.payload["sequence"] == 1  # not lower than what the calendar cancelled


@pytest.mark.parametrize(
    ("act", "error"),
    [
        (lambda c, now: invite(c, BEN, now), AlreadyInvited),
        (lambda c, now: invite(c, DORA, now + timedelta(hours=3)), ConferenceOver),
        (lambda c, now: withdraw(c, ADA, now), InitiatorStays),
        (lambda c, now: withdraw(c, BEN, now + timedelta(hours=3)), ConferenceOver),
        (lambda c, now: withdraw_invitation(conference_id=c.id, participant_id=0, actor=ADA, now=now), NotInvited),
    ],
    ids=["invited twice", "invited after the end", "initiator withdrawn", "withdrawn after the end", "nobody withdrawn"],
)
def test_a_refused_change_leaves_everything(
    schedule: Callable[..., Conference],
    now: datetime,
    events: Callable[..., list[str]],
    act: Callable[..., object],
    error: type[Exception],
) -> None:
    conference = schedule()
    before, entries = snapshot(conference), events(conference)
    with pytest.raises(error):
        act(conference, now)
    assert (snapshot(conference), events(conference)) == (before, entries)


def test_a_full_conference_takes_nobody(schedule: Callable[..., Conference], now: datetime) -> None:
    conference = schedule(invitees=tuple(Invitee(f"p{n}@weaver.example") for n in range(1000)))
    before = snapshot(conference)
    with pytest.raises(TooManyParticipants):
        invite(conference, DORA, now)
    assert snapshot(conference) == before


def test_a_withdrawal_is_whole_or_nothing(schedule: Callable[..., Conference], now: datetime) -> None:
    conference = schedule()
    before = snapshot(conference)
    with transaction.atomic():
        withdraw(conference, BEN, now)
        transaction.set_rollback(True)  # whatever breaks after the audit row takes the fact back with it
    assert snapshot(conference) == before


def test_a_change_is_hinted_at_once_it_is_committed_and_not_when_it_is_refused(
    schedule: Callable[..., Conference], now: datetime, django_capture_on_commit_callbacks: Callable[..., object]
) -> None:
    conference = schedule()
    heard: list[str] = []
    register_listener(heard.append)
    try:
        with django_capture_on_commit_callbacks(execute=True):
            withdraw(conference, BEN, now)
            assert heard == []
        assert heard == [conference.id]
        with django_capture_on_commit_callbacks(execute=True), pytest.raises(NotInvited):
            withdraw(conference, BEN, now)
        assert heard == [conference.id]
    finally:
        hinted._listeners.remove(heard.append)
