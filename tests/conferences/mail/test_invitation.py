"""Mails: who gets which, what stands in them, and that an outage loses none."""

import email
import stat
from collections.abc import Callable
from datetime import datetime, timedelta
from email import policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message

from conferences.models import Conference, OutboxItem, Participant
from conferences.services.invitations import invite_participant, withdraw_invitation
from conferences.services.outbox import Delivery, deliver_due
from conferences.services.outbox_handlers import registered
from conferences.services.plan import Invitee
from conferences.services.scheduling import end_conference
from config.embedded.ports import free_port
from tests.conferences.conftest import ADA, BEN, CHIARA


def deliver(now: datetime) -> Delivery:
    handlers = {kind: handler for kind, handler in registered().items() if kind.startswith("invitation.")}
    return deliver_due(now=now, handlers=handlers, limit=100)


def read(mail: Any) -> EmailMessage:
    return email.message_from_bytes(mail.message().as_bytes(), policy=policy.default)


def parts(message: EmailMessage) -> dict[str, str]:
    return {part.get_content_type(): part.get_payload(decode=True).decode() for part in message.walk() if not part.is_multipart()}


def withdraw(conference: Conference, identity: str, now: datetime) -> None:
    participant = conference.participants.get(identity=identity)
    withdraw_invitation(conference_id=conference.id, participant_id=participant.pk, actor=ADA, now=now)


def test_one_mail_for_each_invitee(schedule: Callable[..., Conference], now: datetime, mailoutbox: list[Any]) -> None:
    conference = schedule()
    assert deliver(now) == Delivery(2, 0)
    assert sorted(mail.recipients()[0] for mail in mailoutbox) == ["Ben Okafor <ben@weaver.example>", CHIARA]
    assert all(len(mail.recipients()) == 1 for mail in mailoutbox)
    message = read(mailoutbox[0])
    found = parts(message)
    assert set(found) == {"text/plain", "text/html", "text/calendar", "application/ics"}
    calendar = next(part for part in message.walk() if part.get_content_type() == "text/calendar")
    assert calendar.get_param("method") == "REQUEST"
    assert calendar.get_content_charset() == "utf-8"
    assert "BEGIN:VTIMEZONE" in found["text/calendar"]
    for text in (found["text/plain"], found["text/html"]):
        assert "Monday, 23 November 2026, 14:00\N{EN DASH}15:00" in text
        assert "Europe/Berlin (CET, UTC+1)" in text
        assert "13:00\N{EN DASH}14:00" in text
        assert f"/c/{conference.id}" in text
        assert CHIARA not in text
    assert message["Reply-To"] == f"Ada Weaver <{ADA}>"
    assert set(Participant.objects.exclude(identity=ADA).values_list("mailed_at", flat=True)) == {now}


def test_no_mail_holds_a_secret(schedule: Callable[..., Conference], now: datetime, mailoutbox: list[Any]) -> None:
    conference = schedule()
    deliver(now)
    pseudonyms = conference.participants.values_list("pseudonym", flat=True)
    for mail in mailoutbox:
        text = "".join(parts(read(mail)).values())
        assert not any(secret in text for secret in (conference.handle, *pseudonyms))


def test_html_escapes_what_people_typed(schedule: Callable[..., Conference], now: datetime, mailoutbox: list[Any]) -> None:
    schedule(title="<img src=x onerror=alert(1)> & more")
    deliver(now)
    html = parts(read(mailoutbox[0]))["text/html"]
    assert "<img" not in html
    assert "&lt;img" in html


def test_withdrawal_cancels_in_the_calendar(schedule: Callable[..., Conference], now: datetime, mailoutbox: list[Any]) -> None:
    conference = schedule()
    deliver(now)
    withdraw(conference, BEN, now)
    assert deliver(now) == Delivery(1, 0)
    mail = mailoutbox[-1]
    assert mail.recipients() == ["Ben Okafor <ben@weaver.example>"]
    calendar = parts(read(mail))["text/calendar"]
    assert "METHOD:CANCEL" in calendar
    assert "SEQUENCE:1" in calendar


def test_withdrawn_before_the_mail_went_out_gets_none(
    schedule: Callable[..., Conference], now: datetime, mailoutbox: list[Any]
) -> None:
    conference = schedule()
    withdraw(conference, BEN, now)
    assert deliver(now) == Delivery(3, 0)
    assert [mail.recipients() for mail in mailoutbox] == [[CHIARA]]


def test_invited_again_gets_a_newer_request(schedule: Callable[..., Conference], now: datetime, mailoutbox: list[Any]) -> None:
    conference = schedule()
    deliver(now)
    withdraw(conference, BEN, now)
    invite_participant(conference_id=conference.id, invitee=Invitee(BEN), actor=ADA, actor_name="Ada", now=now)
    deliver(now)
    calendars = [parts(read(mail))["text/calendar"] for mail in mailoutbox[2:]]
    assert ["METHOD:REQUEST" in one and "SEQUENCE:1" in one for one in calendars] == [True]


def test_a_conference_called_off_is_cancelled_for_all(
    schedule: Callable[..., Conference], now: datetime, mailoutbox: list[Any]
) -> None:
    conference = schedule()
    deliver(now)
    end_conference(conference_id=conference.id, reason="initiator", actor=ADA, now=now)
    deliver(now)
    assert len(mailoutbox) == 4
    assert "It will not take place" in parts(read(mailoutbox[-1]))["text/plain"]


def test_an_invitation_is_not_mailed_after_the_end(
    schedule: Callable[..., Conference], now: datetime, mailoutbox: list[Any]
) -> None:
    schedule()
    assert deliver(now + timedelta(days=1)) == Delivery(4, 0)  # two invitations, two reminders
    assert mailoutbox == []


def test_files_are_private_and_whole(schedule: Callable[..., Conference], now: datetime, settings: Any, tmp_path: Path) -> None:
    settings.EMAIL_BACKEND = "conferences.mail.eml_files.EmailBackend"
    settings.EMAIL_FILE_PATH = tmp_path / "mail"
    conference = schedule()
    deliver(now)
    files = sorted((tmp_path / "mail").iterdir())
    assert len(files) == 2
    assert all(file.suffix == ".eml" and stat.S_IMODE(file.stat().st_mode) == 0o600 for file in files)
    assert stat.S_IMODE((tmp_path / "mail").stat().st_mode) == 0o700
    assert any("ben-weaver-example" in file.name for file in files)
    message = email.message_from_bytes(files[0].read_bytes(), policy=policy.default)
    assert conference.title in message["Subject"]


class Mailbox(Message):
    """A real SMTP receiver that keeps what it is given."""

    def __init__(self) -> None:
        super().__init__()
        self.received: list[Any] = []

    def handle_message(self, message: Any) -> None:
        self.received.append(message)


def test_a_real_mail_server_that_was_away(schedule: Callable[..., Conference], now: datetime, settings: Any) -> None:
    mailbox = Mailbox()
    server = Controller(mailbox, hostname="127.0.0.1", port=free_port(0))
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    schedule()
    assert deliver(now) == Delivery(0, 2)
    assert not Participant.objects.exclude(mailed_at=None).exists()
    server.start()
    try:
        settings.EMAIL_PORT = server.port
        assert deliver(now + timedelta(seconds=2)) == Delivery(2, 0)
    finally:
        server.stop()
    assert sorted(message["X-RcptTo"] for message in mailbox.received) == [BEN, CHIARA]
    assert not OutboxItem.objects.filter(kind="invitation.request", done_at=None).exists()
