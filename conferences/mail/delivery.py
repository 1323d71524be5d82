"""Outbox handlers of mails. They look at the rows as they are now: what no longer holds is not said."""

from datetime import datetime

from conferences.mail.invitation import cancellation_mail, invitation_mail, reminder_mail
from conferences.models import OutboxItem, Participant
from conferences.rules import is_over


def send_invitation(item: OutboxItem, now: datetime) -> None:
    """Mail the invitation; nothing where it was withdrawn meanwhile or the conference is over.

    Raises:
        OSError, smtplib.SMTPException: the mail server is away or refuses; the item waits.

    """
    participant = _participant(item)
    if participant is None or participant.withdrawn_at is not None or is_over(participant.conference, now):
        return
    invitation_mail(participant.conference, participant, sequence=item.payload["sequence"], now=now).send()
    Participant.objects.filter(pk=participant.pk).update(mailed_at=now)


def send_cancellation(item: OutboxItem, now: datetime) -> None:
    """Mail the cancellation; nothing where no invitation went out, he is invited again, or its time is past."""
    # An invitation that is on its way in another worker must be over before mailed_at is believed.
    requests = OutboxItem.objects.filter(
        kind="invitation.request", done_at=None, payload__participant=item.payload["participant"]
    )
    list(requests.select_for_update())
    participant = _participant(item)
    if participant is None or participant.mailed_at is None or now >= participant.conference.closes_at:
        return
    if participant.withdrawn_at is None and participant.conference.ended_at is None:
        return
    cancellation_mail(participant.conference, participant, sequence=item.payload["sequence"], now=now).send()


def send_reminder(item: OutboxItem, now: datetime) -> None:
    """Mail the reminder; nothing where it has begun, is over, or this invitation stands no more or was never sent.

    Raises:
        OSError, smtplib.SMTPException: the mail server is away or refuses; the item waits, until the start.

    """
    participant = _participant(item)
    if participant is None or participant.withdrawn_at is not None or participant.mailed_at is None:
        return
    if participant.reminded_at is not None or is_over(participant.conference, now) or now >= participant.conference.starts_at:
        return
    reminder_mail(participant.conference, participant).send()
    Participant.objects.filter(pk=participant.pk).update(reminded_at=now)


def _participant(item: OutboxItem) -> Participant | None:
    rows = Participant.objects.select_related("conference", "conference__organisation")
    return rows.filter(pk=item.payload["participant"]).first()
