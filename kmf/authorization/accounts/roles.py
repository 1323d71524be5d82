"""Roles of accounts: given and taken. Where a company's provider maps groups to roles, its next sign-in decides again."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from conferences.services import audit
from conferences.services.signed_in import end_sign_ins
from kmf.authorization.errors import AccountRefused
from kmf.authorization.models import ROLE_FIELDS, Account


def role_fields(roles: Iterable[str]) -> dict[str, bool]:
    """Every role's field of an account, true for those of ``roles``.

    Raises:
        AccountRefused: ``unknown_role``.

    """
    held = set(roles)
    if held - set(ROLE_FIELDS):
        raise AccountRefused("unknown_role", f"Roles are {', '.join(ROLE_FIELDS)}.")
    return {field: role in held for role, field in ROLE_FIELDS.items()}


@transaction.atomic
def change_roles(account: Account, *, give: Iterable[str], take: Iterable[str], by: str, now: datetime) -> Account:
    """Give and take roles. Whoever loses one has to sign in anew, here and at the core application; his conferences go on.

    Raises:
        AccountRefused: ``unknown_role``, ``contradiction`` or ``not_a_person``.

    """
    given, taken = set(give), set(take)
    if given & taken:
        raise AccountRefused("contradiction", "A role is either given or taken.")
    role_fields(given | taken)
    row = Account.objects.select_for_update(no_key=True).select_related("organisation").get(pk=account.pk)
    if row.is_device or row.is_guest:
        raise AccountRefused("not_a_person", "Devices and guests have no roles.")
    before = row.roles
    fields = role_fields((set(before) | given) - taken)
    for field, held in fields.items():
        setattr(row, field, held)
    if row.roles == before:
        return row
    if set(before) - set(row.roles):
        row.session_generation += 1
        end_sign_ins(row.pk, before=row.session_generation)
    row.save(update_fields=[*fields, "session_generation"])
    details = {"account": row.email, "before": before, "now": row.roles}
    audit.record(event="account.roles_set", at=now, actor=by, organisation=row.organisation, details=details)
    return row
