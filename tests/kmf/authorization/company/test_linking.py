"""Accounts are found by issuer and subject; roles follow the groups at each sign-in."""

import pytest
from django.core.management import CommandError, call_command

from kmf.authorization.company.claims import read_claims
from kmf.authorization.company.errors import CompanyRefused
from kmf.authorization.company.linking import account_for
from kmf.authorization.models import Account, CompanyLink
from tests.kmf.authorization.company.test_claims import CLAIMS, provider


def come(now, company=None, **changes):
    company = company or provider()
    return account_for(company, read_claims(company, CLAIMS | {"iss": company.issuer} | changes, nonce="n"), now=now)


def test_the_first_sign_in_makes_an_account_and_the_next_finds_it(organisation, now, audited):
    first = come(now)
    assert (first.email, first.name, first.roles) == ("grace@company.example", "Grace Hopper", ["initiator"])
    assert not first.has_usable_password()
    again = come(now, email="other@company.example", name="Another")
    assert again == first
    assert Account.objects.get().email == "grace@company.example"
    assert [entry["actor"] for entry in audited("account.made")] == ["grace@company.example"]


@pytest.mark.requirement("AUTH-12")
@pytest.mark.parametrize("existing", ["password account", "account of the same provider"])
def test_an_account_is_never_found_by_its_address(organisation, now, audited, existing):
    if existing == "password account":
        Account.objects.create_account(email="grace@company.example", name="Grace", organisation=organisation)
    else:
        come(now, sub="4711")
    before = CompanyLink.objects.count()
    with pytest.raises(CompanyRefused) as caught:
        come(now)
    assert caught.value.code == "address_taken"
    assert (CompanyLink.objects.count(), Account.objects.count()) == (before, 1)


@pytest.mark.requirement("AUTH-12")
def test_the_same_subject_of_another_issuer_is_somebody_else(organisation, now):
    first = come(now)
    other = provider(issuer="https://login.other.example")
    with pytest.raises(CompanyRefused):
        come(now, other)
    assert come(now, other, email="grace.2@company.example") != first


@pytest.mark.parametrize("email", ["grace@elsewhere.example", "grace@sub.company.example", "grace@company.example.evil.example"])
def test_another_domain_gets_no_account(organisation, now, email):
    with pytest.raises(CompanyRefused) as caught:
        come(now, email=email)
    assert caught.value.code == "other_domain"
    assert not Account.objects.exists()


@pytest.mark.requirement("AUTH-12")
def test_roles_follow_the_groups_and_are_audited(organisation, now, audited):
    assert come(now).roles == ["initiator"]
    assert come(now, groups=[]).roles == []
    assert come(now, groups=["admin", "initiator", "Hosts"]).roles == []
    changes = [entry["details"] for entry in audited("account.roles_changed")]
    assert [(change["before"], change["now"]) for change in changes] == [([], ["initiator"]), (["initiator"], [])]


def test_without_an_allow_list_roles_are_not_the_providers_business(organisation, now):
    account = come(now)
    assert come(now, provider(roles={}), groups=[]).roles == account.roles == ["initiator"]


@pytest.mark.parametrize("slug", ["nobodys"])
def test_an_organisation_that_is_not_there_has_no_accounts(organisation, now, slug):
    with pytest.raises(CompanyRefused):
        come(now, provider(organisation=slug))
    assert not Account.objects.exists()


@pytest.mark.requirement("AUTH-12")
def test_an_administrator_joins_an_account_that_is_here_already(organisation, now, audited, settings):
    settings.COMPANY_PROVIDERS = [provider()]
    ada = Account.objects.create_account(
        email="grace@company.example", name="Grace", organisation=organisation, password="x" * 12
    )
    call_command("company_link", "Grace@company.example", "company", CLAIMS["sub"])
    assert come(now) == ada
    assert [entry["actor"] for entry in audited("account.linked")] == ["grace@company.example"]
    for wrong in (
        ("grace@company.example", "company", "0815"),
        ("eve@company.example", "company", "1"),
        (ada.email, "other", "1"),
    ):
        with pytest.raises(CommandError):
            call_command("company_link", *wrong)
    assert CompanyLink.objects.count() == 1
