"""Token requests that succeed: what each token says, and what replaces what."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from kmf.authorization.keys import verification_keys
from kmf.authorization.models import AccessToken, Grant, RefreshToken
from protocol import base64url
from protocol.access_token import verify_access_token
from protocol.jwks import parse_jwks
from tests.kmf.authorization.oauth_client import host


def read(token, audience, keys=None):
    keys = keys or verification_keys()
    return verify_access_token(token, keys=keys, issuer=settings.ORIGINS.auth, audience=audience, now=timezone.now())


def payload(token):
    return json.loads(base64url.decode(token.split(".")[1]))


def test_the_answer(endpoint_client):
    response = endpoint_client.redeem(endpoint_client.code())
    answer = response.json()
    assert answer.keys() == {"access_token", "token_type", "expires_in", "refresh_token", "scope"}
    assert (answer["token_type"], answer["expires_in"], answer["scope"]) == ("DPoP", 300, endpoint_client.scope)
    assert "no-store" in response["Cache-Control"]
    assert not response.cookies


def test_token1(endpoint_client, ada, conference):
    token = endpoint_client.tokens()["access_token"]
    found = read(token, settings.ORIGINS.kmf)
    assert (found.subject, found.client_id, found.jkt) == (ada.pk, "endpoint", endpoint_client.jkt)
    assert found.expires_at - found.issued_at == timedelta(seconds=300)
    assert payload(token).keys() == {
        *("iss", "aud", "sub", "client_id", "iat", "exp", "jti", "cnf", "auth_time", "amr", "acr", "conference")
    }
    assert found.claims["conference"] == conference.id


def test_token2_tells_the_provider_nothing_else(endpoint_client, participant, conference, ada):
    token = endpoint_client.tokens(settings.ORIGINS.provider)["access_token"]
    found = read(token, settings.ORIGINS.provider)
    assert found.subject == participant.pseudonym
    assert payload(token).keys() == {"iss", "aud", "sub", "client_id", "iat", "exp", "jti", "cnf", "handle"}
    assert payload(token)["handle"] == conference.handle
    for secret in (ada.pk, ada.email, ada.name, conference.id, conference.title, "weaver"):
        assert secret not in json.dumps(payload(token))


def test_token3(endpoint_client, ada, conference):
    found = read(endpoint_client.tokens(settings.ORIGINS.core)["access_token"], settings.ORIGINS.core)
    assert (found.subject, found.claims["conference"], found.client_id) == (ada.pk, conference.id, "endpoint")
    assert found.claims["identity"] == ada.email
    assert not {"email", "name", "roles", "organisation"} & set(found.claims)


def test_sign_in_token(core_client, ada):
    found = read(core_client.tokens()["access_token"], settings.ORIGINS.core)
    assert found.client_id == "core"
    assert {name: found.claims[name] for name in ("sub", "email", "name", "roles", "organisation")} == {
        "sub": ada.pk,
        "email": "ada@weaver.example",
        "name": "Ada Weaver",
        "roles": ["initiator"],
        "organisation": "weaver",
    }


def test_the_keys_that_the_provider_fetches_open_token2(endpoint_client):
    response = Client().get("/jwks", headers={"host": host(settings.ORIGINS.kmf)})
    keys = parse_jwks(response.json())
    assert "d" not in response.json()["keys"][0]
    token = endpoint_client.tokens(settings.ORIGINS.provider)["access_token"]
    assert read(token, settings.ORIGINS.provider, keys).client_id == "endpoint"


def test_only_hashes_are_kept(endpoint_client, audited):
    answer = endpoint_client.tokens()
    kept = [list(Grant.objects.values()), list(AccessToken.objects.values()), list(RefreshToken.objects.values())]
    text = f"{kept} {audited('token.issued')} {audited('authorization.granted')}"
    assert answer["refresh_token"] not in text
    assert answer["access_token"] not in text
    assert endpoint_client.verifier not in text


def test_issue_is_audited_with_the_jti(endpoint_client, conference, audited):
    answer = endpoint_client.tokens()
    [entry] = audited("token.issued")
    assert (entry["chain"], entry["actor"]) == (conference.id, "ada@weaver.example")
    assert entry["details"]["jti"] == payload(answer["access_token"])["jti"]
    assert entry["details"]["audience"] == settings.ORIGINS.kmf


def test_three_tokens_of_one_grant_live_side_by_side(endpoint_client):
    origins = settings.ORIGINS
    first = endpoint_client.tokens(origins.kmf)
    second = endpoint_client.refresh(first["refresh_token"], resource=origins.provider).json()
    third = endpoint_client.refresh(second["refresh_token"], resource=origins.core).json()
    assert [token.resource for token in AccessToken.objects.order_by("pk")] == [[origins.kmf], [origins.provider], [origins.core]]
    # The refresh token keeps the grant's whole list, though each access token has one of it.
    assert {tuple(token.resource) for token in RefreshToken.objects.all()} == {tuple(endpoint_client.resources)}
    # Rotation replaces the access token of the same resource only.
    again = endpoint_client.refresh(third["refresh_token"], resource=origins.kmf)
    assert again.status_code == 200
    assert [token.resource for token in AccessToken.objects.order_by("pk")] == [[origins.provider], [origins.core], [origins.kmf]]
    assert RefreshToken.objects.filter(revoked=None).count() == 1


def test_the_roles_of_a_refreshed_token_are_those_of_now(core_client, ada):
    answer = core_client.tokens()
    ada.can_initiate = False
    ada.can_audit = True
    ada.save()
    token = core_client.refresh(answer["refresh_token"]).json()["access_token"]
    assert read(token, settings.ORIGINS.core).claims["roles"] == ["auditor"]


def test_refresh_goes_on_until_the_grant_is_twelve_hours_old(endpoint_client):
    answer = endpoint_client.tokens()
    grant = Grant.objects.get()
    assert timedelta(hours=11, minutes=59) < grant.expires - datetime.now(UTC) <= timedelta(hours=12)
    answer = endpoint_client.refresh(answer["refresh_token"]).json()
    grant.refresh_from_db()
    ends = grant.expires
    answer = endpoint_client.refresh(answer["refresh_token"]).json()
    grant.refresh_from_db()
    assert grant.expires == ends  # absolute: use does not prolong it
    Grant.objects.update(expires=timezone.now())
    response = endpoint_client.refresh(answer["refresh_token"])
    assert (response.status_code, response.json()) == (400, {"error": "invalid_grant"})


@pytest.mark.parametrize("path", ["/token?resource=http://a", "/token?client_id=endpoint"])
def test_a_query_at_the_token_endpoint_changes_nothing(endpoint_client, path):
    code = endpoint_client.code()
    response = endpoint_client.post(
        {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": endpoint_client.redirect_uri,
            "client_id": "endpoint",
            "code_verifier": endpoint_client.verifier,
            "resource": settings.ORIGINS.kmf,
        },
        path=path,
    )
    assert response.status_code == 200
    assert payload(response.json()["access_token"])["aud"] == settings.ORIGINS.kmf
