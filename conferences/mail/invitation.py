"""The mail to one invitee: text, HTML and the calendar part; one message a recipient, never a hidden list."""

from datetime import datetime
from email.utils import formataddr
from typing import Any

from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string

from conferences.links import conference_uri, core_host
from conferences.mail.ics import CANCEL, REQUEST, invitation_calendar, plain
from conferences.models import Conference, Participant
from conferences.time_words import clock_words, duration_words, span_words, zone_words


def invitation_mail(conference: Conference, participant: Participant, *, sequence: int, now: datetime) -> EmailMultiAlternatives:
    """Invitation with METHOD:REQUEST."""
    return _mail(conference, participant, method=REQUEST, sequence=sequence, now=now)


def cancellation_mail(
    conference: Conference, participant: Participant, *, sequence: int, now: datetime
) -> EmailMultiAlternatives:
    """Cancellation with METHOD:CANCEL: of this one invitation, or of the conference."""
    return _mail(conference, participant, method=CANCEL, sequence=sequence, now=now)


def reminder_mail(conference: Conference, participant: Participant) -> EmailMultiAlternatives:
    """Reminder shortly before the start; no calendar part, the calendar has it."""
    words = mail_words(conference, participant)
    mail = _message(
        conference,
        participant,
        subject=f"Soon: {words['title']} ({words['start_clock']})",
        name=f"{int(participant.invited_at.timestamp())}.reminder",
    )
    mail.body = render_to_string("mail/reminder.txt", words)
    mail.attach_alternative(render_to_string("mail/reminder.html", words), "text/html")
    return mail


def _mail(
    conference: Conference, participant: Participant, *, method: str, sequence: int, now: datetime
) -> EmailMultiAlternatives:
    template = "mail/invitation" if method == REQUEST else "mail/cancellation"
    words = mail_words(conference, participant)
    verb = "Invitation" if method == REQUEST else "Cancelled"
    subject = f"{verb}: {words['title']} ({words['short_when']})"
    mail = _message(conference, participant, subject=subject, name=f"{sequence}.{method.lower()}")
    mail.body = render_to_string(f"{template}.txt", words)
    calendar = invitation_calendar(conference, method=method, sequence=sequence, now=now, attendee=participant).decode()
    mail.attach_alternative(render_to_string(f"{template}.html", words), "text/html")
    mail.attach_alternative(calendar, f"text/calendar; method={method}")
    mail.attach("invite.ics" if method == REQUEST else "cancel.ics", calendar, "application/ics")
    return mail


def _message(conference: Conference, participant: Participant, *, subject: str, name: str) -> EmailMultiAlternatives:
    """One to one recipient. ``name`` makes its Message-ID, the same when it has to be sent again."""
    return EmailMultiAlternatives(
        subject=subject,
        to=[formataddr((plain(participant.name), participant.identity)) if participant.name else participant.identity],
        reply_to=[formataddr((plain(conference.initiator_name), conference.initiator_identity))],
        headers={"Message-ID": f"<{conference.id}.{participant.pk}.{name}@{core_host()}>"},
    )


def mail_words(conference: Conference, participant: Participant) -> dict[str, Any]:
    """Everything that the mail templates show."""
    zone, start, end = conference.time_zone, conference.starts_at, conference.scheduled_end_at
    local_start = start.astimezone(conference.zone)
    return {
        "title": plain(conference.title),
        "initiator_name": plain(conference.initiator_name),
        "initiator_identity": conference.initiator_identity,
        "recipient": participant.identity,
        "is_room": participant.kind == Participant.Kind.ROOM,
        "when": span_words(start, end, zone),
        "zone": zone_words(start, zone),
        "when_utc": span_words(start, end, "UTC"),
        "short_when": f"{local_start:%a} {local_start.day} {local_start:%b %Y}, {local_start:%H:%M %Z}",
        "duration": duration_words(conference.duration_min),
        "start_clock": clock_words(start, zone),
        "opens": clock_words(conference.opens_at, zone),
        "uri": conference_uri(conference.id),
        "ended": conference.ended_at is not None,
    }
