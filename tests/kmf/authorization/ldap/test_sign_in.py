"""Signing in with a real directory's password: accounts, roles, refusals, limits."""

import pytest
from django.conf import settings as site
from django.test import Client
from django.utils import timezone

from config.embedded.ports import free_port
from kmf.authorization.models import Account, CompanyLink, Grant, RateCount
from tests.kmf.authorization.oauth_client import OAuthClient, host, query_of
from tests.simulators.ldap_server import PASSWORD

pytestmark = [pytest.mark.requirement("AUTH-16"), pytest.mark.django_db]
WHERE = "/sign-in/ldap/staff"


class Typist:
    """Somebody at a browser who types."""

    def __init__(self) -> None:
        self.browser = Client(headers={"host": host(site.ORIGINS.auth)})

    def type(self, login="grace", password=PASSWORD, where=WHERE, **more):
        return self.browser.post(where, {"login": login, "password": password} | more)

    def is_signed_in(self):
        return self.browser.get("/").status_code == 200


@pytest.fixture
def typist(offered) -> Typist:
    return Typist()


def test_the_first_sign_in_makes_an_account_and_the_next_finds_it(typist, audited):
    assert typist.type(next="/authorize?a=1")["Location"] == "/authorize?a=1"
    assert typist.is_signed_in()
    [account] = Account.objects.filter(email="grace@company.example")
    assert (account.name, account.roles, account.has_usable_password()) == ("Grace Hopper", ["initiator"], False)
    assert CompanyLink.objects.get().issuer == "ldap:staff"
    again = Typist()
    again.type("Grace@company.example")
    assert again.is_signed_in()
    assert Account.objects.count() == 1
    assert audited("account.signed_in")[-1]["details"] == {"methods": ["pwd"], "acr": "company"}
    assert PASSWORD not in str(audited("account.signed_in")) + str(dict(again.browser.session))


def test_roles_follow_the_groups(typist, offered, settings, audited):
    typist.type()
    settings.LDAP_DIRECTORIES = [type(offered)(**{**offered.__dict__, "roles": {"auditor": frozenset()}})]
    Typist().type()
    assert Account.objects.get().roles == []
    assert [entry["details"]["now"] for entry in audited("account.roles_changed")] == [["initiator"], []]


def test_who_is_in_no_group_of_the_list_has_no_role(typist):
    typist.type("linus")
    assert Account.objects.get().roles == []


WRONG = [("grace", "wrong"), ("grace", ""), ("nobody", PASSWORD), ("twin", PASSWORD), ("*", PASSWORD)]


@pytest.mark.parametrize(("login", "password"), WRONG)
def test_whatever_is_wrong_the_page_is_the_same(typist, audited, login, password):
    answer = typist.type(login, password)
    assert answer.status_code == 422
    assert "Name and password do not belong together." in answer.content.decode()
    assert not typist.is_signed_in()
    assert Account.objects.count() == CompanyLink.objects.count() == 0
    [entry] = audited("account.sign_in_refused")
    assert (entry["actor"], entry["details"]) == ("unknown", {"reason": "unknown account"})


def test_an_account_is_never_found_by_its_address(typist, ada, audited):
    answer = typist.type("taker")
    assert answer.status_code == 403
    assert "account of your address already" in answer.content.decode()
    assert not typist.is_signed_in()
    assert (Account.objects.count(), CompanyLink.objects.count()) == (1, 0)
    [entry] = audited("account.sign_in_refused")
    assert entry["details"] == {"provider": "staff", "reason": "an account of this address is not linked"}


def test_another_domain_gets_no_account(typist):
    assert typist.type("mallory").status_code == 403
    assert not typist.is_signed_in()
    assert Account.objects.count() == 0


def test_a_directory_that_is_away_lets_nobody_in_and_counts_nothing(typist, offered, settings):
    settings.LDAP_DIRECTORIES = [type(offered)(**{**offered.__dict__, "port": free_port(0)})]
    for _ in range(7):
        answer = typist.type()
        assert answer.status_code == 503
    assert "does not answer" in answer.content.decode()
    assert not typist.is_signed_in()
    settings.LDAP_DIRECTORIES = [offered]
    assert typist.type().status_code == 302


def test_a_guesser_is_stopped_and_nobody_else(typist, audited):
    answers = [typist.type(password=f"guess {number}").status_code for number in range(6)]
    assert answers == [422] * 5 + [429]
    assert typist.type().status_code == 429  # also with the right one
    assert not typist.is_signed_in()
    other = Typist()
    assert other.type("linus").status_code == 302
    RateCount.objects.update(ends_at=timezone.now())
    assert typist.type().status_code == 302


def test_a_switched_off_account_stays_out(typist):
    typist.type()
    Account.objects.update(is_active=False)
    other = Typist()
    assert other.type()["Location"] == "/inactive"
    assert not other.is_signed_in()


def test_another_directory_is_not_there(typist):
    assert typist.type(where="/sign-in/ldap/other").status_code == 404
    assert not typist.is_signed_in()


def test_a_form_of_another_page_signs_nobody_in(typist):
    strict = Client(enforce_csrf_checks=True, headers={"host": host(site.ORIGINS.auth)})
    answer = strict.post(WHERE, {"login": "grace", "password": PASSWORD}, headers={"origin": site.ORIGINS.core})
    assert answer.status_code == 403
    assert Account.objects.count() == 0


@pytest.mark.parametrize("path", ["//evil.localhost/", "http://evil.localhost/", "javascript:alert(1)"])
def test_it_leads_nowhere_else(typist, path):
    assert typist.type(next=path)["Location"] == "/"


def test_the_page_shows_the_way(typist):
    page = typist.browser.get("/sign-in?next=/authorize%3Fa%3D1").content.decode()
    assert 'href="/sign-in/ldap/staff?next=%2Fauthorize%3Fa%3D1"' in page
    page = typist.browser.get(WHERE, {"next": "/authorize?a=1"}).content.decode()
    assert "Sign in with your company password" in page
    assert 'value="/authorize?a=1"' in page


def test_its_sign_in_counts_as_the_companys_and_gets_codes(typist, clients, conference):
    typist.type()
    client = OAuthClient(typist.browser, client_id="endpoint", scope=f"conference:{conference.id}")
    assert "code" in query_of(client.authorize(acr_values="company"))
    assert client.authorize(acr_values="second_factor")["Location"].startswith("/second-factor?next=")
    assert [(grant.acr, grant.amr) for grant in Grant.objects.all()] == [("company", ["pwd"])]


def test_confirming_asks_for_ones_own_password(typist, audited):
    typist.type()
    session = typist.browser.session
    record = session["account_authentication_methods"][0]
    session["account_authentication_methods"] = [record | {"at": record["at"] - 3600}]
    session.save()
    where = typist.browser.get("/second-factor/app")["Location"]
    assert where.startswith("/confirm/ldap/staff?next=")
    assert "Confirm it is you" in typist.browser.get(where).content.decode()
    for login, password in (("linus", PASSWORD), ("grace", "wrong"), ("grace", "")):
        assert typist.type(login, password, where="/confirm/ldap/staff").status_code == 422
        assert typist.browser.get("/second-factor/app")["Location"].startswith("/confirm/ldap/staff")
    assert typist.type(where="/confirm/ldap/staff", next="/second-factor/app")["Location"] == "/second-factor/app"
    assert typist.browser.get("/second-factor/app")["Location"].startswith("/second-factor/mail")
    assert Typist().browser.get("/confirm/ldap/staff")["Location"].startswith("/sign-in?next=")
