"""Which account somebody of the company has here, and what he may do: decided anew at each of his sign-ins."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction

from conferences.models import Organisation
from conferences.services import audit
from kmf.authorization.company.claims import CompanyClaims
from kmf.authorization.company.company import Company
from kmf.authorization.company.errors import CompanyRefused
from kmf.authorization.models import ROLE_FIELDS, Account, CompanyLink


def account_for(provider: Company, claims: CompanyClaims, *, now: datetime) -> Account:
    """The account of ``claims``, with the roles that its groups give; made, where the address is of a domain of the company's.

    Raises:
        CompanyRefused: there is none, and none may be made; or one of the same address belongs to nobody of this provider.

    """
    with transaction.atomic():
        account = _linked(provider, claims.subject)
        if account is None:
            account = _made(provider, claims, now)
        _give_roles(provider, account, claims, now)
    return account


@transaction.atomic
def link(*, email: str, provider_name: str, subject: str, now: datetime) -> None:
    """Join an account that is here already with a subject of a provider: an administrator knows that they are the same person.

    Raises:
        CompanyRefused: no such account or provider, of another organisation, or the subject has an account.

    """
    provider = next((one for one in _companies() if one.name == provider_name), None)
    account = Account.objects.select_related("organisation").filter(email=email.strip().lower()).first()
    if provider is None or account is None or account.organisation.slug != provider.organisation:
        raise CompanyRefused("failed", "no such provider, or no such account of its organisation")
    if not subject or CompanyLink.objects.filter(issuer=provider.issuer, subject=subject).exists():
        raise CompanyRefused("failed", "the subject has an account")
    CompanyLink.objects.create(issuer=provider.issuer, subject=subject, account=account, created_at=now)
    _record("account.linked", account, now, {"provider": provider.name})


def company_of(account: Account) -> Company | None:
    """The configured provider that knows this account."""
    issuers = set(CompanyLink.objects.filter(account=account).values_list("issuer", flat=True))
    return next((one for one in _companies() if one.issuer in issuers), None)


def _companies() -> list[Company]:
    return [*settings.COMPANY_PROVIDERS, *settings.SAML_PROVIDERS, *settings.LDAP_DIRECTORIES]


def _linked(provider: Company, subject: str) -> Account | None:
    rows = CompanyLink.objects.select_related("account__organisation").filter(issuer=provider.issuer, subject=subject)
    link = rows.first()
    if link is None:
        return None
    if link.account.organisation.slug != provider.organisation:
        raise CompanyRefused("failed", "account of another organisation")
    return link.account


def _made(provider: Company, claims: CompanyClaims, now: datetime) -> Account:
    if not claims.email:
        raise CompanyRefused("no_address", "provider vouches for no address")
    if claims.email.rpartition("@")[2] not in provider.domains:
        raise CompanyRefused("other_domain", "address of a domain that gets no account")
    if Account.objects.filter(email=claims.email).exists():
        # Whoever gets an address later, or may write any into his profile there, must not get its owner's account.
        raise CompanyRefused("address_taken", "an account of this address is not linked")
    organisation = Organisation.objects.filter(slug=provider.organisation).first()
    if organisation is None:
        raise CompanyRefused("failed", "organisation of the provider is not known")
    try:
        with transaction.atomic():
            account = Account.objects.create_account(
                email=claims.email, name=claims.name or claims.email, organisation=organisation
            )
            CompanyLink.objects.create(issuer=provider.issuer, subject=claims.subject, account=account, created_at=now)
    except IntegrityError:
        raise CompanyRefused("failed", "made at the same moment") from None
    _record("account.made", account, now, {"provider": provider.name})
    return account


def _give_roles(provider: Company, account: Account, claims: CompanyClaims, now: datetime) -> None:
    if not provider.roles:
        return
    before = account.roles
    for role, flag in ROLE_FIELDS.items():
        setattr(account, flag, bool(claims.groups & provider.roles.get(role, frozenset())))
    if account.roles != before:
        account.save(update_fields=list(ROLE_FIELDS.values()))
        _record("account.roles_changed", account, now, {"provider": provider.name, "before": before, "now": account.roles})


def _record(event: str, account: Account, now: datetime, details: dict[str, Any]) -> None:
    audit.record(event=event, at=now, actor=account.email, organisation=account.organisation, details=details)
