"""The first second factor of an account asks for its mailbox, too: whoever merely knows the password adds none of his own.

A code goes to the account's address; it is good once, for ten minutes, five tries and the browser that asked.
"""

import hashlib
from datetime import datetime

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.template.loader import render_to_string

from conferences.models import OutboxItem
from conferences.services import audit
from conferences.services.outbox import enqueue
from kmf.authorization import limits
from kmf.authorization.errors import WrongCode
from kmf.authorization.mailed_codes import LIFETIME, TRIES, WAITS_FOR_MAIL, fresh_code, hash_of, is_right, spaced
from kmf.authorization.models import Account, MailboxCode

KIND = "account.mailbox_code"  # of the outbox
_PURPOSE = "kmf.authorization.mailbox"


def ask(account: Account, *, ticket: str, now: datetime) -> None:
    """Have a code mailed to the owner of ``account``.

    Args:
        account: whose mailbox it is.
        ticket: secret of the browser that asks.
        now: UTC.

    Raises:
        TooManyAttempts: several went there within a while.

    """
    limits.count(limits.MAILBOX_CODES, account.pk, now=now)
    with transaction.atomic():
        row = MailboxCode.objects.create(ticket_hash=_hashed(ticket), account=account, asked_at=now)
        enqueue(kind=KIND, payload={"code": row.pk}, organisation=account.organisation, now=now)
        audit.record(event="account.mailbox_asked", at=now, actor=account.email, organisation=account.organisation, details={})


def send_code(item: OutboxItem, now: datetime) -> None:
    """Outbox handler: make the code and mail it. One that was mailed before, by a delivery that was lost, is void.

    Raises:
        OSError, smtplib.SMTPException: the mail server is away or refuses; the item waits.

    """
    row = MailboxCode.objects.select_for_update(of=("self",)).select_related("account").filter(pk=item.payload["code"]).first()
    if row is None or now - row.asked_at > WAITS_FOR_MAIL:
        return
    code = fresh_code()
    row.code_hash = hash_of(code, purpose=_PURPOSE, ticket=row.ticket_hash)
    row.expires_at, row.tries = now + LIFETIME, 0
    row.save(update_fields=["code_hash", "expires_at", "tries"])
    body = render_to_string("mail/mailbox_code.txt", {"code": spaced(code), "auth": settings.ORIGINS.auth})
    EmailMessage("Your code to add a second factor", body, settings.DEFAULT_FROM_EMAIL, [row.account.email]).send()


def check_code(account: Account, *, ticket: str, typed: str, now: datetime) -> None:
    """Check that somebody reads the mail of ``account``; the code is used up.

    Raises:
        WrongCode: wrong, over, used, tried too often, or another account's: one and the same.

    """
    with transaction.atomic():  # a wrong try must stay counted
        rows = MailboxCode.objects.select_for_update(of=("self",)).filter(ticket_hash=_hashed(ticket), account=account)
        row = rows.first()
        is_taken = row is not None and _takes(row, typed, now)
    if not is_taken:
        raise WrongCode("wrong code of the mailbox")


def _takes(row: MailboxCode, typed: str, now: datetime) -> bool:
    if not row.code_hash or row.expires_at is None or row.expires_at <= now or row.tries >= TRIES:
        return False
    row.tries += 1
    row.save(update_fields=["tries"])
    if not is_right(typed, row.code_hash, purpose=_PURPOSE, ticket=row.ticket_hash):
        return False
    row.delete()
    return True


def _hashed(ticket: str) -> str:
    return hashlib.sha256(ticket.encode()).hexdigest()
