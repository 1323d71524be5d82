"""Codes by mail: asked for by anybody, sent to the invited alone, good once, for ten minutes, five tries and one browser.

What anybody sees is the same whether an address is invited or not.
"""

import hashlib
from datetime import datetime

from django.db import transaction

from conferences.models import Organisation, OutboxItem
from conferences.services import audit
from conferences.services.outbox import enqueue
from kmf.authorization import limits
from kmf.authorization.errors import TooManyAttempts, WrongCode
from kmf.authorization.guests.invitations import guest_invitation
from kmf.authorization.guests.mail import code_mail
from kmf.authorization.mailed_codes import LIFETIME, TRIES, WAITS_FOR_MAIL, fresh_code, hash_of, is_right, spaced
from kmf.authorization.models import Account, GuestCode

_PURPOSE = "kmf.authorization.guests"
MAIL_KIND = "sign_in.code"  # of the outbox


def ask(address: str, *, ticket: str, client: str, now: datetime) -> None:
    """Have a code mailed to ``address``, if it is invited and has no account of its own. Says nothing of either.

    Args:
        address: e-mail address, lower case.
        ticket: secret of the browser that asks.
        client: its network address; what it asks for is counted.
        now: UTC.

    Raises:
        TooManyAttempts: this client asked too often.

    """
    limits.count(limits.CODES_ASKED, client, now=now)
    invitation = guest_invitation(address, now=now)
    if invitation is None or Account.objects.filter(email=address, is_guest=False).exists():
        return
    try:
        limits.count(limits.CODES_MAILED, address, now=now)
    except TooManyAttempts:
        return  # a mailbox is not to be filled; that there is a limit would say that it is invited
    organisation = invitation.conference.organisation
    with transaction.atomic():
        code = GuestCode.objects.create(
            ticket_hash=_ticket_hash(ticket), address=address, organisation=organisation, asked_at=now
        )
        enqueue(kind=MAIL_KIND, payload={"code": code.pk}, organisation=organisation, now=now)
        _record("guest.code_asked", address, organisation, now)


def send_code(item: OutboxItem, now: datetime) -> None:
    """Outbox handler: make the code and mail it. A code that was mailed before, by a delivery that was lost, is void.

    Raises:
        OSError, smtplib.SMTPException: the mail server is away or refuses; the item waits.

    """
    row = GuestCode.objects.select_for_update().filter(pk=item.payload["code"]).first()
    if row is None or now - row.asked_at > WAITS_FOR_MAIL:
        return
    code = fresh_code()
    row.code_hash = hash_of(code, purpose=_PURPOSE, ticket=row.ticket_hash)
    row.expires_at, row.tries = now + LIFETIME, 0
    row.save(update_fields=["code_hash", "expires_at", "tries"])
    code_mail(address=row.address, code=spaced(code)).send()


def use_code(ticket: str, typed: str, *, now: datetime) -> Account:
    """The guest's account, made or brought back, for the code that was mailed to the browser of ``ticket``.

    Raises:
        WrongCode: wrong, over, used, tried too often, or the invitation stands no more: one and the same.

    """
    with transaction.atomic():  # a wrong try must stay counted
        row = GuestCode.objects.select_for_update().filter(ticket_hash=_ticket_hash(ticket)).first()
        account = _take(row, typed, now) if row is not None else None
    if account is None:
        raise WrongCode("wrong code of a guest")
    return account


def _take(row: GuestCode, typed: str, now: datetime) -> Account | None:
    if not row.code_hash or row.expires_at is None or row.expires_at <= now or row.tries >= TRIES:
        return None
    row.tries += 1
    row.save(update_fields=["tries"])
    if not is_right(typed, row.code_hash, purpose=_PURPOSE, ticket=row.ticket_hash):
        return None
    row.delete()
    invitation = guest_invitation(row.address, now=now)
    if invitation is None:
        return None
    fields = {"name": invitation.name or row.address, "organisation": invitation.conference.organisation, "is_guest": True}
    account, is_new = Account.objects.get_or_create(email=row.address, defaults=fields)
    if not account.is_guest or not account.is_active:
        return None  # an account of its own was made meanwhile, or this one was switched off
    if is_new:
        account.set_unusable_password()
    account.guest_over = False
    account.save(update_fields=["password", "guest_over"])
    if is_new:
        _record("account.made", account.email, account.organisation, now)
    return account


def _ticket_hash(ticket: str) -> str:
    return hashlib.sha256(ticket.encode()).hexdigest()


def _record(event: str, actor: str, organisation: Organisation, now: datetime) -> None:
    audit.record(event=event, at=now, actor=actor, organisation=organisation, details={"method": "email_code"})
