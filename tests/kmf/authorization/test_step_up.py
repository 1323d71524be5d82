"""``max_age`` of an authorization request: an older sign-in is confirmed with the password first."""

import time
from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings
from django.test import Client

from kmf.authorization.models import Grant
from tests.kmf.authorization.oauth_client import host, query_of

PASSWORD = "a long and winding password"


@pytest.fixture
def signed_in(ada):
    """Signed in by password, as people do it."""
    ada.set_password(PASSWORD)
    ada.save()
    client = Client(headers={"host": host(settings.ORIGINS.auth)})
    answer = client.post("/sign-in", {"login": ada.email, "password": PASSWORD})
    assert answer.status_code == 302
    return client


def grow_old(client, seconds):
    session = client.session
    for entry in session["account_authentication_methods"]:
        entry["at"] -= seconds
    session.save()


@pytest.mark.requirement("MOD-2")
def test_an_old_sign_in_is_confirmed_with_the_password_first(endpoint_client, audited):
    grow_old(endpoint_client.browser, 301)
    response = endpoint_client.authorize(max_age="300")
    assert response["Location"].startswith("/confirm?next=/authorize%3F")
    assert Grant.objects.count() == 0
    page = endpoint_client.browser.get(response["Location"])
    assert "Confirm it is you" in page.content.decode()
    back = page.context["redirect_field_value"]
    wrong = endpoint_client.browser.post("/confirm", {"password": "another", "next": back})
    assert wrong.status_code == 200
    assert [entry["details"]["reason"] for entry in audited("account.sign_in_refused")] == ["wrong password"]
    assert endpoint_client.authorize(max_age="300")["Location"].startswith("/confirm")
    right = endpoint_client.browser.post("/confirm", {"password": PASSWORD, "next": back})
    assert right["Location"] == back
    assert "code" in query_of(endpoint_client.browser.get(back))
    grant = Grant.objects.get()
    assert time.time() - grant.auth_time.timestamp() < 10


def test_a_young_sign_in_is_asked_nothing(endpoint_client):
    grow_old(endpoint_client.browser, 200)
    assert "code" in query_of(endpoint_client.authorize(max_age="300"))
    assert isinstance(Grant.objects.get().auth_time, datetime)


@pytest.mark.requirement("MOD-2")
def test_a_session_that_does_not_say_when_it_was_opened_is_never_young(endpoint_client, ada):
    session = endpoint_client.browser.session
    del session["account_authentication_methods"]
    session.save()
    ada.last_login = datetime.now(UTC)  # perhaps on another device
    ada.save()
    assert endpoint_client.authorize(max_age="300")["Location"].startswith("/confirm")
    assert Grant.objects.count() == 0


def test_without_max_age_any_sign_in_will_do(endpoint_client):
    grow_old(endpoint_client.browser, 9999)
    assert "code" in query_of(endpoint_client.authorize())
    assert time.time() - Grant.objects.get().auth_time.timestamp() > 9990


@pytest.mark.parametrize("max_age", ["", "-1", "3e2", "٣٠٠", "12345678", "300 "])
def test_a_max_age_that_is_no_number_gets_no_code(endpoint_client, max_age):
    assert query_of(endpoint_client.authorize(max_age=max_age))["error"] == "invalid_request"
    assert Grant.objects.count() == 0


@pytest.mark.requirement("MOD-2")
def test_a_step_up_ends_the_grant_before_it_with_its_last_access_token(endpoint_client, audited):
    first = endpoint_client.tokens()
    endpoint_client.new_verifier()
    second = endpoint_client.redeem(endpoint_client.code(max_age="300")).json()
    earlier, later = Grant.objects.order_by("pk")
    assert earlier.expires - datetime.now(UTC) < timedelta(seconds=301)
    assert later.expires - datetime.now(UTC) > timedelta(hours=11)
    assert (earlier.revoked_at, later.revoked_at) == (None, None)  # the endpoint's stay goes on
    assert [entry["details"]["by"] for entry in audited("authorization.superseded")] == [later.pk]
    Grant.objects.filter(pk=earlier.pk).update(expires=datetime.now(UTC))
    assert endpoint_client.refresh(first["refresh_token"]).json() == {"error": "invalid_grant"}
    assert audited("token.refused")[-1]["details"]["reason"] == "grant is over its lifetime"
    assert endpoint_client.refresh(second["refresh_token"]).status_code == 200


def test_another_endpoint_of_the_same_person_keeps_its_grant(endpoint_client):
    endpoint_client.tokens()
    endpoint_client.new_keys()
    endpoint_client.tokens()
    assert all(grant.expires - datetime.now(UTC) > timedelta(hours=11) for grant in Grant.objects.all())
