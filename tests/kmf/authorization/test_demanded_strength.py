"""``acr_values`` of an authorization request, and what tokens say and open by the strength of the sign-in."""

import pytest
from django.conf import settings
from django.utils import timezone

from conferences.models import Conference, Participant
from kmf.authorization.models import Grant
from kmf.authorization.services import verify_request
from protocol.sign_in import Strength
from tests.kmf.authorization.oauth_client import OAuthClient, query_of
from tests.kmf.authorization.second_factor.conftest import Person, intruder, password_hash, person

__all__ = ["intruder", "password_hash", "person"]


@pytest.fixture
def client(clients, person: Person, conference, participant) -> OAuthClient:
    return OAuthClient(person.browser, client_id="endpoint", scope=f"conference:{conference.id}")


def acr_of(client, answer):
    now = timezone.now()
    url = f"{settings.ORIGINS.kmf}/keys"
    proof = client.proof(url=url, now=now, access_token=answer["access_token"])
    presented = {"authorization": f"DPoP {answer['access_token']}", "proof": proof, "method": "POST", "url": url, "body": None}
    return verify_request(**presented, audience=settings.ORIGINS.kmf, now=now).token.acr


def test_a_token_says_how_strong_the_sign_in_was(client, person):
    assert acr_of(client, client.tokens()) is Strength.COMPANY
    person.add_app()
    client.new_verifier()
    assert acr_of(client, client.tokens()) is Strength.SECOND_FACTOR


@pytest.mark.requirement("KMF-REL-11")
def test_who_has_no_second_factor_is_sent_to_set_one_up_and_comes_back(client, person):
    response = client.authorize(acr_values="second_factor")
    assert response["Location"].startswith("/second-factor?next=/authorize%3F")
    assert not Grant.objects.exists()
    page = person.browser.get(response["Location"])
    assert "asks for a second factor" in page.content.decode()
    back = page.context["next"]
    added = person.add_app(next=back)
    codes = person.browser.get(added["Location"])
    assert codes.context["next"] == back
    assert "code" in query_of(person.browser.get(back))
    assert Grant.objects.get().acr == "second_factor"


@pytest.mark.requirement("KMF-REL-11")
def test_who_has_one_confirms_with_it(client, person):
    other = person.elsewhere()
    other.type_password()
    other.confirm()
    other.show_mailbox()
    other.add_app()  # elsewhere, while this session goes on with the password alone
    person.secret = other.secret
    where = client.authorize(acr_values="second_factor")["Location"]
    confirm = person.browser.get(where)
    assert confirm["Location"].startswith("/confirm/code?next=/authorize%3F")
    back = person.browser.get(confirm["Location"]).context["redirect_field_value"]
    assert person.browser.post("/confirm/code", {"code": "000000", "next": back}).status_code == 200
    assert client.authorize(acr_values="second_factor")["Location"] == where
    assert person.browser.post("/confirm/code", {"code": person.code(), "next": back})["Location"] == back
    assert "code" in query_of(person.browser.get(back))


@pytest.mark.parametrize("acr", ["", "mfa", "company second_factor", "COMPANY", "any\n"])
def test_a_strength_that_there_is_not_gets_no_code(client, acr):
    assert query_of(client.authorize(acr_values=acr))["error"] == "invalid_request"
    assert not Grant.objects.exists()


@pytest.mark.parametrize("path", ["//evil.localhost/", "http://evil.localhost/", "javascript:alert(1)", "\\evil"])
def test_setting_up_leads_nowhere_else(person, path):
    assert person.browser.get("/second-factor", {"next": path}).context["next"] == "/"
    assert person.add_app(next=path)["Location"] == "/second-factor/recovery-codes?first=1"


@pytest.mark.requirement("KMF-REL-11")
@pytest.mark.parametrize("which", ["provider", "core"])
def test_a_weak_sign_in_gets_no_seat_elsewhere(client, person, conference, audited, which):
    Conference.objects.filter(pk=conference.pk).update(sign_in="second_factor")
    answer = client.tokens()
    resource = getattr(settings.ORIGINS, which)
    assert client.refresh(answer["refresh_token"], resource=resource).json() == {"error": "access_denied"}
    assert [entry["details"]["audience"] for entry in audited("token.issued")] == [settings.ORIGINS.kmf]
    person.add_app()
    client.new_verifier()
    stronger = client.tokens()
    assert client.refresh(stronger["refresh_token"], resource=resource).status_code == 200


@pytest.mark.requirement("KMF-REL-11")
@pytest.mark.parametrize("invited_as", ["room", "recorder"])
def test_a_person_who_was_invited_as_a_device_gets_no_seat_elsewhere_without(client, person, conference, participant, invited_as):
    Conference.objects.filter(pk=conference.pk).update(sign_in="second_factor")
    Participant.objects.filter(pk=participant.pk).update(kind=invited_as)
    answer = client.tokens()
    assert client.refresh(answer["refresh_token"], resource=settings.ORIGINS.provider).json() == {"error": "access_denied"}
    person.add_app()
    client.new_verifier()
    assert client.refresh(client.tokens()["refresh_token"], resource=settings.ORIGINS.provider).status_code == 200


def test_who_showed_nothing_that_counts_signs_in_anew_and_comes_back(client, person):
    session = person.browser.session
    del session["account_authentication_methods"]
    session.save()
    where = client.authorize(acr_values="company")["Location"]
    page = person.browser.get(where)
    assert "asks for a company sign-in" in page.content.decode()
    out = person.browser.post("/sign-out", {"next": page.context["again"]})
    assert out["Location"].startswith("/sign-in?next=%2Fauthorize%3F")
    assert not person.is_signed_in()
