"""A link by which the owner of an account writes his password: good once, for a while, and never typed by anybody else.

It is mailed, or shown to the operator once. The mail's secret is made when the mail is: it stands nowhere else.
"""

import hashlib
import secrets
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.mail import EmailMessage
from django.db import transaction
from django.template.loader import render_to_string

from conferences.models import OutboxItem
from conferences.services import audit
from conferences.services.outbox import enqueue
from kmf.authorization.errors import AccountRefused
from kmf.authorization.grants import end_everywhere
from kmf.authorization.models import Account, PasswordLink

KIND = "account.password_link"  # of the outbox
LIFETIME = timedelta(hours=24)
_WAITS_FOR_MAIL = timedelta(days=3)  # then an unsent link is of no use to anybody
_LONGEST_PASSWORD = 200  # characters


def show_link(account: Account, *, by: str, now: datetime) -> str:
    """A fresh link of ``account``; every earlier one is over. It is shown once and kept as a hash.

    Raises:
        AccountRefused: ``no_passwords``, ``not_a_person`` or ``switched_off``.

    """
    with transaction.atomic():
        row = _fresh(account, by=by, now=now, how="shown")
        return _give_secret(row, now)


def mail_link(account: Account, *, by: str, now: datetime) -> None:
    """Have a fresh link mailed to the owner of ``account``; every earlier one is over. Raises as ``show_link``."""
    with transaction.atomic():
        row = _fresh(account, by=by, now=now, how="mailed")
        enqueue(kind=KIND, payload={"link": row.pk}, organisation=account.organisation, now=now)


def send_link(item: OutboxItem, now: datetime) -> None:
    """Outbox handler: make the secret and mail it. One that was mailed before, by a delivery that was lost, is void.

    Raises:
        OSError, smtplib.SMTPException: the mail server is away or refuses; the item waits.

    """
    rows = PasswordLink.objects.select_for_update(of=("self",)).select_related("account__organisation")
    row = rows.filter(pk=item.payload["link"]).first()
    if row is None or now - row.made_at > _WAITS_FOR_MAIL:
        return
    context = {"link": _give_secret(row, now), "organisation": row.account.organisation.name, "auth": settings.ORIGINS.auth}
    body = render_to_string("mail/password_link.txt", context)
    EmailMessage("Your Conclave account: write your password", body, settings.DEFAULT_FROM_EMAIL, [row.account.email]).send()


def checksum(secret: str) -> str:
    """How a link's secret is kept, and by what its browser's session names it."""
    return hashlib.sha256(secret.encode()).hexdigest()


def account_of_link(secret_checksum: str, *, now: datetime) -> Account:
    """Whose password a link is for.

    Raises:
        AccountRefused: ``link_over``: used, expired, replaced by a later one, or never made: one and the same.

    """
    return _live(secret_checksum, now).account


@transaction.atomic
def set_password(secret_checksum: str, *, password: str, now: datetime) -> Account:
    """Give the account of a link its password. The link is used up; whoever was signed in with another password is out.

    Raises:
        AccountRefused: ``link_over``; or ``weak_password``, whose reason says what to do better: the link stays good.

    """
    account = Account.objects.select_for_update(no_key=True).get(pk=_live(secret_checksum, now).account.pk)
    row = _live(secret_checksum, now)  # once more: somebody may have used it while we waited for the account
    _check_password(password, account)
    account.set_password(password)
    account.save(update_fields=["password"])
    PasswordLink.objects.filter(account=account).delete()
    end_everywhere(account, now=now, reason="another password was set")
    organisation = row.account.organisation
    audit.record(event="account.password_set", at=now, actor=account.email, organisation=organisation, details={})
    return account


def _fresh(account: Account, *, by: str, now: datetime, how: str) -> PasswordLink:
    if not any(method.name == "password" for method in settings.SIGN_IN_METHODS):
        raise AccountRefused("no_passwords", "Nobody signs in with a password here: see sign-in.toml.")
    account = Account.objects.select_for_update(no_key=True, of=("self",)).select_related("organisation").get(pk=account.pk)
    if account.is_device or account.is_guest:
        raise AccountRefused("not_a_person", "Devices and guests have no password.")
    if not account.is_active:
        raise AccountRefused("switched_off", "This account is switched off.")
    PasswordLink.objects.filter(account=account).delete()
    row: PasswordLink = PasswordLink.objects.create(account=account, made_at=now)
    details = {"account": account.email, "how": how}
    audit.record(event="account.password_link_made", at=now, actor=by, organisation=account.organisation, details=details)
    return row


def _give_secret(row: PasswordLink, now: datetime) -> str:
    secret = secrets.token_urlsafe(32)
    row.secret_checksum, row.expires_at = checksum(secret), now + LIFETIME
    row.save(update_fields=["secret_checksum", "expires_at"])
    return f"{settings.ORIGINS.auth}/set-password?link={secret}"


def _live(secret_checksum: str, now: datetime) -> PasswordLink:
    rows = PasswordLink.objects.select_related("account__organisation")
    row: PasswordLink | None = rows.filter(secret_checksum=secret_checksum, expires_at__gt=now, account__is_active=True).first()
    if row is None or not secret_checksum:
        raise AccountRefused("link_over", "This link was used, is over, or there is a later one.")
    return row


def _check_password(password: str, account: Account) -> None:
    if len(password) > _LONGEST_PASSWORD:
        raise AccountRefused("weak_password", "This password has more than 200 characters.")
    try:
        validate_password(password, account)
    except ValidationError as refusal:
        raise AccountRefused("weak_password", " ".join(refusal.messages)) from None
