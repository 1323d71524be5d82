"""Reminders: a quarter of an hour before, once, and only where the invitation still stands."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from conferences.models import Conference, OutboxItem, Participant
from conferences.services.invitations import invite_participant
from conferences.services.plan import Invitee
from conferences.services.scheduling import end_conference
from tests.conferences.conftest import ADA, BEN, CHIARA
from tests.conferences.mail.test_invitation import deliver, parts, read, withdraw

QUARTER = timedelta(minutes=15)


def reminders(mailoutbox: list[Any]) -> list[str]:
    return sorted(mail.to[0].split("<")[-1].strip(">") for mail in mailoutbox if mail.subject.startswith("Soon:"))


def test_everybody_invited_well_ahead_is_reminded_once(
    schedule: Callable[..., Conference], now: datetime, mailoutbox: list[Any]
) -> None:
    conference = schedule(starts_at=now + timedelta(hours=3))
    deliver(now)
    deliver(conference.starts_at - QUARTER - timedelta(seconds=1))
    assert reminders(mailoutbox) == []
    for delay in (timedelta(0), timedelta(seconds=1)):
        deliver(conference.starts_at - QUARTER + delay)
    assert reminders(mailoutbox) == [BEN, CHIARA]
    found = parts(read(mailoutbox[-1]))
    assert set(found) == {"text/plain", "text/html"}
    assert all(f"/c/{conference.id}" in text for text in found.values())


def test_who_is_invited_late_has_just_read_the_invitation(
    schedule: Callable[..., Conference], now: datetime, mailoutbox: list[Any]
) -> None:
    schedule(starts_at=now + timedelta(minutes=59))
    assert not OutboxItem.objects.filter(kind="invitation.reminder").exists()


def test_delivered_again_late_or_out_of_order_it_says_nothing_twice(
    schedule: Callable[..., Conference], now: datetime, mailoutbox: list[Any]
) -> None:
    conference = schedule(starts_at=now + timedelta(hours=3))
    at = conference.starts_at - QUARTER
    OutboxItem.objects.filter(kind="invitation.request").update(due_at=at + timedelta(seconds=5))
    deliver(at)  # the invitation is still waiting for the mail server
    assert reminders(mailoutbox) == []
    deliver(at + timedelta(seconds=5))
    for _ in range(3):
        OutboxItem.objects.filter(kind="invitation.reminder").update(done_at=None, due_at=at)
        deliver(at + timedelta(seconds=6))
    assert reminders(mailoutbox) == [BEN, CHIARA]
    Participant.objects.update(reminded_at=None)
    OutboxItem.objects.filter(kind="invitation.reminder").update(done_at=None)
    deliver(conference.starts_at)
    assert reminders(mailoutbox) == [BEN, CHIARA]


@pytest.mark.parametrize("change", ["withdrawn", "ended"])
def test_what_no_longer_stands_is_not_said(
    schedule: Callable[..., Conference], now: datetime, mailoutbox: list[Any], change: str
) -> None:
    conference = schedule(starts_at=now + timedelta(hours=3))
    deliver(now)
    if change == "withdrawn":
        withdraw(conference, BEN, now)
    else:
        end_conference(conference_id=conference.id, reason="initiator", actor=ADA, now=now)
    deliver(conference.starts_at - QUARTER)
    assert reminders(mailoutbox) == ([CHIARA] if change == "withdrawn" else [])


def test_invited_again_he_is_reminded_once(schedule: Callable[..., Conference], now: datetime, mailoutbox: list[Any]) -> None:
    conference = schedule(starts_at=now + timedelta(hours=3))
    deliver(now)
    withdraw(conference, BEN, now)
    invite_participant(conference_id=conference.id, invitee=Invitee(BEN), actor=ADA, actor_name="Ada Weaver", now=now)
    deliver(now + timedelta(seconds=1))
    deliver(conference.starts_at - QUARTER)
    assert reminders(mailoutbox) == [BEN, CHIARA]
