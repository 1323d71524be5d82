"""Where an account is signed in, and its end: by the person, by an administrator of the organisation, by nobody else."""

from datetime import timedelta
from urllib.parse import urlencode

import pytest
from django.conf import settings
from django.test import Client

from conferences.models import Organisation
from kmf.authorization.authorize import SignIn, read_request
from kmf.authorization.authorize import grant as give
from kmf.authorization.errors import RedirectRefused
from kmf.authorization.grants import end_everywhere
from kmf.authorization.models import AccessToken, Account, Grant, RefreshToken
from kmf.models import Epoch
from kmf.services.due import settle_if_due
from protocol.sign_in import Strength
from roster.models import Membership
from tests.kmf.authorization.oauth_client import OAuthClient, host
from tests.simulators.endpoint import EndpointSimulator

pytestmark = pytest.mark.requirement("AUTH-5")


def browser_of(account, **roles):
    for name, value in roles.items():
        setattr(account, name, value)
    account.save()
    client = Client(headers={"host": host(settings.ORIGINS.auth)})
    client.force_login(account)
    return client


@pytest.fixture
def own(ada):
    return browser_of(ada)


@pytest.fixture
def grant(endpoint_client) -> Grant:
    endpoint_client.tokens()
    return Grant.objects.get()


@pytest.fixture
def bob(organisation) -> Account:
    return Account.objects.create_account(email="bob@weaver.example", name="Bob", organisation=organisation)


def is_alive(grant):
    grant.refresh_from_db()
    tokens = AccessToken.objects.filter(grant=grant).count(), RefreshToken.objects.filter(grant=grant, revoked=None).count()
    assert tokens == ((1, 1) if grant.revoked_at is None else (0, 0))
    return grant.revoked_at is None


def test_a_person_sees_where_he_is_signed_in_and_ends_it(own, grant, conference, audited):
    page = own.get("/").content.decode()
    assert conference.title in page
    assert own.post(f"/end-device/{grant.pk}")["Location"] == "/?device_ended=1"
    assert not is_alive(grant)
    assert conference.title not in own.get("/").content.decode()
    assert audited("authorization.revoked")[0]["details"]["reason"] == "ended by the account"
    assert own.post(f"/end-device/{grant.pk}").status_code == 404


def test_who_was_never_invited_does_not_read_the_conferences_name_there(own, grant, conference, participant):
    participant.delete()
    page = own.get("/").content.decode()
    assert conference.title not in page
    assert "A conference without an invitation" in page


def test_sessions_of_the_core_application_are_not_shown_as_conferences(own, core_client):
    core_client.tokens()
    assert "None at this moment" in own.get("/").content.decode()


@pytest.mark.parametrize("who", ["another", "an initiator", "an auditor", "nobody", "an administrator elsewhere"])
def test_nobody_else_ends_it_or_sees_it(grant, bob, ada, conference, who):
    if who == "an administrator elsewhere":
        bob.organisation = Organisation.objects.create(name="Else", slug="else")
    roles = {"an initiator": {"can_initiate": True}, "an auditor": {"can_audit": True}}.get(who, {})
    browser = browser_of(bob, **roles, is_staff=who == "an administrator elsewhere")
    if who == "nobody":
        browser = Client(headers={"host": host(settings.ORIGINS.auth)})
    expected = 302 if who == "nobody" else 404
    base = f"/accounts/{ada.pk}"
    for path in (f"/end-device/{grant.pk}", f"{base}/end-device/{grant.pk}", f"{base}/end-everywhere"):
        assert browser.post(path).status_code == expected
    assert browser.get(base).status_code == expected
    listing = browser.get("/accounts")
    assert ada.email not in listing.content.decode()
    assert is_alive(grant)
    ada.refresh_from_db()
    assert ada.session_generation == 0


def test_an_administrator_ends_it_for_an_account_of_his_organisation(grant, bob, ada, audited):
    browser = browser_of(bob, is_staff=True)
    assert ada.email in browser.get("/accounts").content.decode()
    assert "Sign out" in browser.get(f"/accounts/{ada.pk}").content.decode()
    assert browser.post(f"/accounts/{ada.pk}/end-device/{grant.pk}").status_code == 302
    assert not is_alive(grant)
    [entry] = audited("authorization.revoked")
    assert (entry["actor"], entry["details"]["reason"]) == (bob.email, "ended by an administrator")


def test_an_administrator_reads_no_titles_of_another_organisation(grant, bob, ada, conference):
    browser = browser_of(bob, is_staff=True)
    assert conference.title in browser.get(f"/accounts/{ada.pk}").content.decode()
    conference.organisation = Organisation.objects.create(name="Spinner", slug="spinner")
    conference.save()
    page = browser.get(f"/accounts/{ada.pk}").content.decode()
    assert conference.title not in page
    assert "Sign out" in page


def test_an_administrator_does_not_end_one_accounts_grant_under_anothers_name(grant, bob):
    browser = browser_of(bob, is_staff=True)
    assert browser.post(f"/accounts/{bob.pk}/end-device/{grant.pk}").status_code == 404
    assert is_alive(grant)


def test_an_administrator_signs_an_account_out_everywhere(own, grant, bob, ada, audited):
    browser = browser_of(bob, is_staff=True)
    assert own.get("/").status_code == 200
    assert browser.post(f"/accounts/{ada.pk}/end-everywhere").status_code == 302
    assert not is_alive(grant)
    assert own.get("/").status_code == 302  # the session is over as well
    assert browser.get("/").status_code == 200
    [ended] = audited("authorization.revoked")
    assert (ended["actor"], ended["details"]["reason"]) == (bob.email, "ended everywhere by an administrator")
    [entry] = audited("account.ended_everywhere")
    assert (entry["actor"], entry["details"]) == (bob.email, {"account": ada.email})


@pytest.mark.parametrize("how", ["one endpoint", "everywhere", "by an administrator"])
def test_whoever_is_ended_is_out_of_the_conference_and_the_key_is_another(own, grant, ada, conference, endpoint, how, now):
    ended = EndpointSimulator(account=ada, conference_id=conference.id)
    ended.jkt = grant.dpop_jkt
    ended.ask(now)
    stays = endpoint("bob")
    stays.ask(now + timedelta(seconds=1))
    before = Epoch.objects.filter(conference=conference).count()
    if how == "by an administrator":
        admin = Account.objects.create_account(email="root@weaver.example", name="Root", organisation=ada.organisation)
        browser_of(admin, is_staff=True).post(f"/accounts/{ada.pk}/end-everywhere")
    else:
        own.post("/end-everywhere" if how == "everywhere" else f"/end-device/{grant.pk}")
    settle_if_due(conference_id=conference.id, now=now + timedelta(seconds=2))  # what the hub and the worker do every second
    present = Membership.objects.filter(conference=conference, left_at=None)
    assert [row.participant.identity for row in present] == ["bob@weaver.example"]
    assert Epoch.objects.filter(conference=conference).count() == before + 1


def test_a_form_of_another_page_ends_nothing(ada, grant):
    strict = Client(enforce_csrf_checks=True, headers={"host": host(settings.ORIGINS.auth)})
    strict.force_login(ada)
    assert strict.post(f"/end-device/{grant.pk}", headers={"origin": settings.ORIGINS.core}).status_code == 403
    assert is_alive(grant)


def test_what_was_never_redeemed_is_not_shown(own, clients, conference, participant, signed_in):
    OAuthClient(signed_in, client_id="endpoint", scope=f"conference:{conference.id}").code()
    assert "None at this moment" in own.get("/").content.decode()


@pytest.mark.parametrize("what", ["everywhere", "switched off"])
def test_a_request_that_was_looked_at_before_everything_was_ended_gets_no_grant(endpoint_client, ada, participant, what, now):
    """A loop of requests with a stolen cookie always has one under way."""
    asked = read_request(f"/authorize?{urlencode(endpoint_client.query(), doseq=True)}", now=now)
    looked_at = Account.objects.get(pk=ada.pk)
    if what == "everywhere":
        end_everywhere(ada, now=now)
    else:
        Account.objects.filter(pk=ada.pk).update(is_active=False)
    with pytest.raises(RedirectRefused) as refused:
        give(asked, account=looked_at, sign_in=SignIn(now, ("pwd",), Strength.COMPANY), now=now)
    assert "error=access_denied" in refused.value.url
    assert Grant.objects.count() == 0
