"""A mail to the owner whenever a way to sign in was added or removed: whoever did not do it himself learns of it at once."""

from datetime import datetime

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string

from conferences.models import OutboxItem
from conferences.services.outbox import enqueue
from kmf.authorization.models import Account

KIND = "account.factor_changed"  # of the outbox
_WORDS = {"totp": "an authenticator app", "passkey": "a passkey", "recovery_codes": "a list of recovery codes"}


def notify(account: Account, *, kind: str, is_added: bool, now: datetime) -> None:
    """Have the mail sent; in the transaction of the change."""
    payload = {"account": account.pk, "kind": kind, "added": is_added}
    enqueue(kind=KIND, payload=payload, organisation=account.organisation, now=now)


def send_notice(item: OutboxItem, _now: datetime) -> None:
    """Outbox handler.

    Raises:
        OSError, smtplib.SMTPException: the mail server is away or refuses; the item waits.

    """
    account = Account.objects.filter(pk=item.payload["account"]).first()
    if account is None:
        return
    context = {
        "what": _WORDS[item.payload["kind"]],
        "is_added": item.payload["added"],
        "at": f"{item.created_at:%Y-%m-%d %H:%M}",
        "auth": settings.ORIGINS.auth,
    }
    subject = f"Your Conclave account: {context['what']} was {'added' if context['is_added'] else 'removed'}"
    body = render_to_string("mail/factor_changed.txt", context)
    EmailMessage(subject, body, settings.DEFAULT_FROM_EMAIL, [account.email]).send()
