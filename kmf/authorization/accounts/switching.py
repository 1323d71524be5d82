"""Switching accounts off and on: at once, everywhere, and on record."""

from datetime import datetime
from enum import StrEnum

from django.db import transaction

from conferences.models import Organisation
from conferences.services import audit
from kmf.authorization.errors import AccountRefused, NoSuchGrant
from kmf.authorization.grants import end_everywhere
from kmf.authorization.models import Account, PasswordLink


class Side(StrEnum):
    """Who switches. What one had switched off, those before it in this order do not switch on again."""

    ADMINISTRATOR = "administrator"
    DIRECTORY = "directory"
    OPERATOR = "operator"


_WEIGHT = {side.value: weight for weight, side in enumerate(Side)}
_UNKNOWN = len(_WEIGHT)  # whoever it was: the operator alone undoes it
_WORDS = {
    Side.DIRECTORY.value: "The organisation's directory switched this account off; switch it on there.",
    Side.OPERATOR.value: "The operator switched this account off; ask him to switch it on.",
}


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
def switch_off(account: Account, *, side: Side, by: str, now: datetime) -> None:
    """End every right of ``account``: sessions and tokens at once, seats and keys in conferences within a second.

    One that is off already stays as it is; from a weightier side it is that one's from now on.

    Args:
        account: whose.
        side: who may switch it on again.
        by: who did it, for the audit.
        now: UTC.

    """
    row = _locked(account)
    if not row.is_active and _WEIGHT[side] <= _WEIGHT.get(row.switched_off_by, _UNKNOWN):
        return
    was_on, row.is_active, row.switched_off_by = row.is_active, False, side.value
    row.save(update_fields=["is_active", "switched_off_by"])
    PasswordLink.objects.filter(account=row).delete()
    if was_on:
        end_everywhere(row, now=now, reason="account was switched off", by=by)
    _record("account.switched_off", row, by, now)


@transaction.atomic
def switch_on(account: Account, *, side: Side, by: str, now: datetime) -> None:
    """Switch on again what the same side, or for the operator any, had switched off. Nothing that was ended comes back.

    Raises:
        AccountRefused: ``switched_off_elsewhere``: it stays off.

    """
    row = _locked(account)
    if row.is_active:
        return
    if side not in (Side.OPERATOR, row.switched_off_by):
        reason = _WORDS.get(row.switched_off_by, "Somebody else switched this account off.")
        raise AccountRefused("switched_off_elsewhere", reason)
    row.is_active, row.switched_off_by = True, ""
    row.save(update_fields=["is_active", "switched_off_by"])
    _record("account.switched_on", row, by, now)


def switch_by_administrator(account: Account, *, is_on: bool, by: Account, now: datetime) -> None:
    """Switch an account of the administrator's organisation.

    Raises:
        NoSuchGrant: ``by`` is no administrator of its organisation.
        AccountRefused: ``oneself``, or as ``switch_on``.

    """
    if not by.is_staff or by.organisation_id != account.organisation_id:
        raise NoSuchGrant
    if account == by:
        raise AccountRefused("oneself", "Nobody switches his own account off: another administrator does it.")
    (switch_on if is_on else switch_off)(account, side=Side.ADMINISTRATOR, by=by.email, now=now)


def _locked(account: Account) -> Account:
    return Account.objects.select_for_update(of=("self",), no_key=True).select_related("organisation").get(pk=account.pk)


def _record(event: str, account: Account, by: str, now: datetime) -> None:
    details = {"account": account.email}
    audit.record(event=event, at=now, actor=by, organisation=account.organisation, details=details)
