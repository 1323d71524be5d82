"""Making organisations and accounts of people. Only the operator does it: no page and no directory."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email, validate_slug
from django.db import IntegrityError, transaction
from django.utils.text import slugify

from conferences.models import Organisation
from conferences.services import audit
from kmf.authorization.accounts.roles import role_fields
from kmf.authorization.errors import AccountRefused
from kmf.authorization.grants import end_everywhere
from kmf.authorization.models import Account

_LONGEST_NAME, _LONGEST_SLUG = 200, 50  # characters


@dataclass(frozen=True)
class NewPerson:
    """Whom an account is for: address in lower case, name for everybody to see, and the fields of his roles."""

    address: str
    name: str
    fields: dict[str, Any]


def read_person(*, address: str, name: str, roles: Iterable[str]) -> NewPerson:
    """Read what was typed.

    Raises:
        AccountRefused: ``invalid_address``, ``invalid_name`` or ``unknown_role``.

    """
    address = address.strip().lower()
    try:
        validate_email(address)
    except ValidationError:
        raise AccountRefused("invalid_address", "This is not an e-mail address.") from None
    return NewPerson(address, _name(name), role_fields(roles))


@transaction.atomic
def make_organisation(name: str, *, slug: str, by: str, now: datetime) -> Organisation:
    """Make an organisation.

    Args:
        name: for display.
        slug: by which commands and ``sign-in.toml`` name it; made of the name where it is empty.
        by: who does it, for the audit.
        now: UTC.

    Raises:
        AccountRefused: ``invalid_name``, ``invalid_slug`` or ``organisation_exists``.

    """
    name = _name(name)
    slug = slug or slugify(name)[:_LONGEST_SLUG]
    try:
        validate_slug(slug)
    except ValidationError:
        raise AccountRefused("invalid_slug", "A slug is letters, digits, hyphens and underscores.") from None
    if len(slug) > _LONGEST_SLUG or slug != slug.lower():
        raise AccountRefused("invalid_slug", "A slug is in lower case and has 50 characters at most.")
    organisation, is_new = Organisation.objects.get_or_create(slug=slug, defaults={"name": name})
    if not is_new:
        raise AccountRefused("organisation_exists", "There is an organisation of this slug.")
    audit.record(event="organisation.made", at=now, actor=by, organisation=organisation, details={"name": name, "slug": slug})
    return organisation


@transaction.atomic
def add_person(person: NewPerson, *, organisation: Organisation, by: str, now: datetime) -> Account:
    """Make the account of ``person``. It has no password and nobody is signed in to it.

    A guest of that address is from now on this person: what he was signed in to as a guest is over.

    Raises:
        AccountRefused: ``address_taken``.

    """
    guest = Account.objects.select_for_update(no_key=True).filter(email=person.address).first()
    account = _made(person, organisation) if guest is None else _no_guest_any_more(guest, person, organisation, by, now)
    details: dict[str, Any] = {"account": account.email, "roles": account.roles, "was_guest": guest is not None}
    audit.record(event="account.added", at=now, actor=by, organisation=organisation, details=details)
    return account


def _made(person: NewPerson, organisation: Organisation) -> Account:
    try:
        with transaction.atomic():
            return Account.objects.create_account(
                email=person.address, name=person.name, organisation=organisation, **person.fields
            )
    except IntegrityError:  # at the same moment
        raise _taken() from None


def _no_guest_any_more(account: Account, person: NewPerson, organisation: Organisation, by: str, now: datetime) -> Account:
    if not account.is_guest or not account.is_active:
        raise _taken()
    end_everywhere(account, now=now, reason="guest became a person of an organisation", by=by)
    account.name, account.organisation, account.is_guest, account.guest_over = person.name, organisation, False, False
    for field, held in person.fields.items():
        setattr(account, field, held)
    account.save(update_fields=["name", "organisation", "is_guest", "guest_over", *person.fields])
    return account


def _name(typed: str) -> str:
    name = " ".join(typed.split())
    if not 0 < len(name) <= _LONGEST_NAME or not name.isprintable():
        raise AccountRefused("invalid_name", "A name has 1 to 200 characters that can be shown.")
    return name


def _taken() -> AccountRefused:
    return AccountRefused("address_taken", "There is an account of this address.")
