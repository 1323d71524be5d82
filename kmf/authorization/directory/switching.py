"""Switching accounts off and on: at once, everywhere, and on record."""

from datetime import datetime

from django.db import transaction

from conferences.models import Organisation
from conferences.services import audit
from kmf.authorization.errors import NoSuchGrant
from kmf.authorization.grants import end_everywhere
from kmf.authorization.models import Account

DIRECTORY = "directory"  # who did it, as account and audit name it


def account_in(organisation: Organisation, account_id: str) -> Account:
    """The person's account of this organisation.

    Raises:
        NoSuchGrant: there is none; the same answer for another organisation's.

    """
    found: Account | None = (
        Account.objects.select_related("organisation")
        .filter(pk=account_id, organisation=organisation, kind=Account.Kind.PERSON)
        .first()
    )
    if found is None:
        raise NoSuchGrant
    return found


@transaction.atomic
def switch_off(account: Account, *, by: str, now: datetime) -> None:
    """End every right of ``account``: sessions and tokens at once, seats and keys in conferences within a second.

    One that is off already stays as it is, and who switched it off too.
    """
    row = Account.objects.select_for_update(no_key=True).select_related("organisation").get(pk=account.pk)
    if not row.is_active:
        return
    row.is_active, row.switched_off_by = False, by
    row.save(update_fields=["is_active", "switched_off_by"])
    end_everywhere(row, now=now, reason="account was switched off", by=by)
    _record("account.switched_off", row, by, now)


@transaction.atomic
def switch_on(account: Account, *, by: str, now: datetime) -> bool:
    """Switch on again what the same had switched off. Nothing that was ended comes back: he signs in anew.

    Returns:
        Whether the account is on: one that somebody else switched off stays off.

    """
    row = Account.objects.select_for_update(no_key=True).select_related("organisation").get(pk=account.pk)
    if row.is_active:
        return True
    if row.switched_off_by != by:
        return False
    row.is_active, row.switched_off_by = True, ""
    row.save(update_fields=["is_active", "switched_off_by"])
    _record("account.switched_on", row, by, now)
    return True


def _record(event: str, account: Account, by: str, now: datetime) -> None:
    details = {"account": account.email}
    audit.record(event=event, at=now, actor=by, organisation=account.organisation, details=details)
