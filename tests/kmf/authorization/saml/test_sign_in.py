"""Sign-in at a SAML provider as it should be: who is let in, as whom, how strongly."""

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.utils import timezone
from lxml import etree

from kmf.authorization.cleaning import clean
from kmf.authorization.models import Account, CompanyLink, SamlRequest, UsedProof
from kmf.authorization.saml.names import METADATA
from kmf.authorization.sign_in import sign_in_of
from protocol.sign_in import Strength
from tests.kmf.authorization.oauth_client import OAuthClient, query_of
from tests.simulators.saml_provider import GRACE, ISSUER, PASSWORD, TWO_FACTORS, instant

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("AUTH-15")]


def test_the_first_sign_in_makes_an_account_with_the_roles_of_its_groups(come, tab, audited):
    response = come()
    assert (response.status_code, response["Location"]) == (302, "/")
    account = Account.objects.get()
    assert (account.email, account.name, account.roles) == ("grace@company.example", "Grace Hopper", ["initiator"])
    assert CompanyLink.objects.get().issuer == ISSUER
    assert tab.is_signed_in
    [entry] = audited("account.signed_in")
    assert entry["details"] == {"methods": ["ext", "pwd"], "acr": "company"}
    assert not SamlRequest.objects.exists()  # what was kept is gone


def test_the_same_person_comes_again_whatever_his_address_is_now(come, tab):
    come()
    tab.client.post("/sign-out")
    come(attributes={"mail": ["other@company.example"], "groups": []})
    assert Account.objects.get().email == "grace@company.example"
    assert Account.objects.get().roles == []  # the group is gone
    assert tab.is_signed_in


@pytest.mark.parametrize(
    ("context", "strength"),
    [(PASSWORD, Strength.COMPANY), (TWO_FACTORS, Strength.SECOND_FACTOR), ("urn:of:somebody", Strength.COMPANY)],
    ids=["password", "two factors", "another"],
)
@pytest.mark.requirement("AUTH-10")
def test_how_strong_it_was_the_authentication_context_says(come, tab, context, strength, rf):
    come(context=context)
    request = rf.get("/")
    request.session = tab.client.session
    assert sign_in_of(request, Account.objects.get()).strength is strength


def test_when_it_was_the_provider_says(come, tab, rf):
    signed_in = (timezone.now() - timedelta(hours=3)).replace(microsecond=0)
    come(signed_in=instant(signed_in))
    request = rf.get("/")
    request.session = tab.client.session
    assert sign_in_of(request, Account.objects.get()).at == signed_in


def test_a_step_up_asks_the_person_again_and_for_a_second_factor(come, tab, company, clients):
    come()
    client = OAuthClient(tab.client, client_id="core", scope="core")
    sent = client.authorize(acr_values="second_factor", max_age="600")
    assert sent["Location"].startswith("/second-factor?")
    page = tab.client.get(sent["Location"]).content.decode()
    assert "/confirm/saml?factor=1" in page
    page = tab.client.get("/confirm/saml?factor=1&next=/authorize%3Fx").content.decode()
    assert 'name="fresh"' in page
    assert 'name="factor"' in page
    asked = tab.begin(fresh="1", factor="1", next="/accounts")
    assert (asked.is_forced, asked.contexts) == (True, [TWO_FACTORS])
    response = tab.come_back(asked, company.answer(asked, now=timezone.now(), context=TWO_FACTORS))
    assert response["Location"] == "/accounts"
    assert "code" in query_of(client.authorize(acr_values="second_factor", max_age="600"))


def test_a_plain_sign_in_forces_nothing(tab):
    asked = tab.begin()
    assert (asked.is_forced, asked.contexts) == (False, [])
    assert asked.issuer.endswith("/sign-in/saml/works/metadata")


@pytest.mark.parametrize(
    ("path", "kept"), [("/authorize?a=b", "/authorize?a=b"), ("https://evil.example/", "/"), ("//evil.example", "/")]
)
def test_the_way_back_leads_to_paths_of_ours_only(come, path, kept):
    assert come({"next": path})["Location"] == kept


def test_an_address_that_is_taken_opens_nothing(come, tab, organisation, audited):
    Account.objects.create_account(email="grace@company.example", name="Grace", organisation=organisation)
    response = come()
    assert response.status_code == 403
    assert "There is an account of your address already" in response.content.decode()
    assert not CompanyLink.objects.exists()
    assert not tab.is_signed_in
    [entry] = audited("account.sign_in_refused")
    assert entry["details"] == {"provider": "works", "reason": "an account of this address is not linked"}


def test_an_administrator_joins_an_account_that_is_here_already(come, tab, organisation):
    ada = Account.objects.create_account(email="ada@weaver.example", name="Ada", organisation=organisation)
    call_command("company_link", "ada@weaver.example", "works", "0815")
    come()
    assert tab.is_signed_in
    assert Account.objects.get() == ada


def test_who_was_switched_off_gets_no_session(come, tab):
    come()
    tab.client.post("/sign-out")
    Account.objects.update(is_active=False)
    before = Session.objects.count()
    come()
    assert not tab.is_signed_in
    assert Session.objects.count() <= before + 1  # that of the browser that asked


@pytest.mark.parametrize(
    ("attributes", "email"),
    [
        (GRACE, "grace@company.example"),
        (GRACE | {"mail": ["Grace@Company.example"]}, "grace@company.example"),
        (GRACE | {"mail": ["grace@company.example", "boss@company.example"]}, None),
        (GRACE | {"mail": ["a@b@company.example"]}, None),
        (GRACE | {"mail": []}, None),
        (GRACE | {"mail": ["grace@elsewhere.example"]}, None),
    ],
    ids=["an address", "in capitals", "two addresses", "two signs", "none", "of another domain"],
)
def test_an_address_counts_where_it_is_one(come, attributes, email):
    response = come(attributes=attributes)
    assert [account.email for account in Account.objects.all()] == ([email] if email else [])
    assert response.status_code == (302 if email else 403)


def test_our_metadata_says_what_an_administrator_needs(tab):
    response = tab.client.get("/sign-in/saml/works/metadata")
    assert response["Content-Type"] == "application/samlmetadata+xml"
    root = etree.fromstring(response.content)
    ours = root.find(f"{{{METADATA}}}SPSSODescriptor")
    assert (root.get("entityID"), ours.get("WantAssertionsSigned")) == (tab.begin().issuer, "true")
    assert ours.find(f"{{{METADATA}}}AssertionConsumerService").get("Location") == tab.begin().answer_url


@pytest.mark.parametrize("path", ["/sign-in/saml/other/metadata", "/sign-in/saml/other/finish", "/confirm/saml"])
def test_a_provider_that_there_is_not_is_not_found(tab, path, signed_in):
    signed_in.defaults = tab.client.defaults
    assert signed_in.get(path).status_code == 404


def test_what_is_over_is_forgotten(tab):
    tab.begin()
    clean(timezone.now())
    assert SamlRequest.objects.count() == 1
    clean(timezone.now() + timedelta(minutes=11))
    assert not SamlRequest.objects.exists()


def test_an_assertion_is_remembered_as_long_as_it_could_be_said_again(come):
    come()
    clean(timezone.now() + timedelta(minutes=4))
    assert UsedProof.objects.count() == 1
    clean(timezone.now() + timedelta(minutes=7))
    assert not UsedProof.objects.exists()
