"""Cleaning: rows that can change no answer any more. Idempotent; nothing is decided here."""

from datetime import datetime, timedelta

from django.contrib.sessions.models import Session

from kmf.authorization.company.sessions import forget_sessions
from kmf.authorization.guests.life import end_guests
from kmf.authorization.models import AccessToken, Grant, MailboxCode, PasswordLink, RateCount, RoomCode, SamlRequest, UsedProof

# Used codes and refresh tokens are kept this long past the grant's end, so that a late replay is still named as one.
_KEPT_AFTER_END = timedelta(hours=24)
_KEPT_LINK = timedelta(days=7)  # longer than any waits for its mail and is good afterwards
_KEPT_AFTER_CODE = timedelta(hours=1)  # a screen that asks late hears that its code is over


def clean(now: datetime) -> None:
    """End guests, and forget sessions, proofs, counts, tokens, grants and requests to companies whose time is over."""
    end_guests(now=now)
    forget_sessions(now)
    Session.objects.filter(expire_date__lte=now).delete()
    UsedProof.objects.filter(expires_at__lte=now).delete()
    RateCount.objects.filter(ends_at__lte=now).delete()
    AccessToken.objects.filter(expires__lte=now).delete()
    MailboxCode.objects.filter(asked_at__lte=now - _KEPT_AFTER_CODE).delete()
    PasswordLink.objects.filter(made_at__lte=now - _KEPT_LINK).delete()
    RoomCode.objects.filter(expires_at__lte=now - _KEPT_AFTER_CODE).delete()
    SamlRequest.objects.filter(expires_at__lte=now).delete()
    Grant.objects.filter(expires__lte=now - _KEPT_AFTER_END).delete()
