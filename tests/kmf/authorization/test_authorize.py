"""Authorization requests: complete and exact, or no code."""

from urllib.parse import urlencode

import pytest
from django.conf import settings
from django.core.management import call_command
from django.test import Client

from kmf.authorization.models import Application, Grant
from tests.kmf.authorization.oauth_client import host, query_of


def test_a_code_comes_back_with_state_and_issuer(endpoint_client, ada, audited):
    response = endpoint_client.authorize()
    answer = query_of(response)
    assert response.status_code == 302
    assert response["Location"].startswith(f"{settings.ORIGINS.kmf}/callback?")
    assert response["Cache-Control"].find("no-store") >= 0
    assert (answer["state"], answer["iss"]) == (endpoint_client.state, settings.ORIGINS.auth)
    grant = Grant.objects.get()
    assert grant.user == ada
    assert grant.code != answer["code"]  # kept as a hash only
    assert answer["code"] not in str(vars(grant))
    assert grant.resource == endpoint_client.resources
    assert grant.dpop_jkt == endpoint_client.jkt
    [entry] = audited("authorization.granted")
    assert entry["chain"] == endpoint_client.scope.removeprefix("conference:")
    assert answer["code"] not in str(entry)


def test_who_is_not_signed_in_is_sent_to_sign_in_and_back(endpoint_client):
    endpoint_client.browser = Client()
    response = endpoint_client.authorize()
    assert response["Location"].startswith("/sign-in?next=/authorize%3F")
    assert Grant.objects.count() == 0


def test_a_stranger_writes_nothing_into_the_chain_of_a_conference(endpoint_client, participant, audited):
    participant.delete()
    endpoint_client.authorize()
    [entry] = audited("authorization.granted")
    assert entry["chain"] == "organisation:weaver"


NOT_REDIRECTED = {
    "unknown client": {"client_id": "other"},
    "no client": {"client_id": ...},
    "client with a NUL": {"client_id": "end\x00point"},
    "the other client's id": {"client_id": "core"},
    "no redirect URI": {"redirect_uri": ...},
    "redirect URI empty": {"redirect_uri": ""},
    "another origin": {"redirect_uri": "http://evil.localhost:8000/callback"},
    "the provider": {"redirect_uri": "http://provider.localhost:8100/callback"},
    "a longer path": {"redirect_uri": "{kmf}/callback/x"},
    "a shorter path": {"redirect_uri": "{kmf}/"},
    "path traversal": {"redirect_uri": "{kmf}/callback/../callback"},
    "dot segment": {"redirect_uri": "{kmf}/./callback"},
    "a slash more": {"redirect_uri": "{kmf}/callback/"},
    "a query": {"redirect_uri": "{kmf}/callback?a=1"},
    "an empty query": {"redirect_uri": "{kmf}/callback?"},
    "a fragment": {"redirect_uri": "{kmf}/callback#a"},
    "capitals in the path": {"redirect_uri": "{kmf}/Callback"},
    "another scheme": {"redirect_uri": "javascript://{kmf_host}/callback"},
    "user info": {"redirect_uri": "http://a@{kmf_host}/callback"},
    "lookalike user info": {"redirect_uri": "{kmf}@evil.localhost/callback"},
    "loopback with another port": {"redirect_uri": "http://127.0.0.1:9/callback"},
    "percent-encoded letter": {"redirect_uri": "{kmf}/%63allback"},
    "a space at the end": {"redirect_uri": "{kmf}/callback "},
    "two in one": {"redirect_uri": "{kmf}/callback {kmf}/callback"},
    "backslash": {"redirect_uri": "{kmf}\\callback"},
    "without scheme": {"redirect_uri": "//{kmf_host}/callback"},
    "no path": {"redirect_uri": "{kmf}"},
    "path parameters": {"redirect_uri": "{kmf}/callback;a=1"},
    "a doubled slash": {"redirect_uri": "{kmf}//callback"},
    "an escaped slash": {"redirect_uri": "{kmf}%2Fcallback"},
    "a tab inside": {"redirect_uri": "{kmf}/call\tback"},
    "a line end": {"redirect_uri": "{kmf}/callback\r\nX: y"},
    "a NUL at the end": {"redirect_uri": "{kmf}/callback\x00"},
    "a dot after the host": {"redirect_uri": "http://kmf.localhost.:8000/callback"},
    "a subdomain": {"redirect_uri": "http://a.kmf.localhost:8000/callback"},
    "the port as text of the user": {"redirect_uri": "http://kmf.localhost:8000@evil.localhost/callback"},
    "without the port": {"redirect_uri": "http://kmf.localhost/callback"},
    "another port": {"redirect_uri": "http://kmf.localhost:8001/callback"},
    "the other client's URI": {"redirect_uri": "{core}/signed-in"},
    "host in capitals": {"redirect_uri": "HTTP://KMF.LOCALHOST:8000/callback"},
    "a lookalike letter": {"redirect_uri": "http://kmf.l\u043ecalhost:8000/callback"},
    "client twice": {"client_id": ["endpoint", "core"]},
    "redirect URI twice": {"redirect_uri": ["{kmf}/callback", "http://evil.localhost/"]},
    "state twice": {"state": ["a", "b"]},
    "scope twice": {"scope": ["core", "core"]},
    "challenge twice": {"code_challenge": ["A" * 43, "B" * 43]},
}


def filled(value):
    names = {"kmf": settings.ORIGINS.kmf, "kmf_host": host(settings.ORIGINS.kmf)}
    if isinstance(value, str):
        return (
            value.replace("{kmf}", names["kmf"]).replace("{kmf_host}", names["kmf_host"]).replace("{core}", settings.ORIGINS.core)
        )
    return [filled(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize("changes", NOT_REDIRECTED.values(), ids=NOT_REDIRECTED)
def test_nothing_is_sent_to_an_unknown_place(endpoint_client, changes):
    response = endpoint_client.authorize(**{name: filled(value) for name, value in changes.items()})
    assert response.status_code == 400
    assert "Location" not in response.headers
    assert Grant.objects.count() == 0


@pytest.mark.parametrize("raw", ["", "client_id=%FF", "&".join(f"a{number}=1" for number in range(30)), "client_id"])
def test_a_query_that_cannot_be_read(endpoint_client, raw):
    assert endpoint_client.authorize(raw=raw).status_code == 400
    assert Grant.objects.count() == 0


REDIRECTED = {
    "implicit": ({"response_type": "token"}, "unsupported_response_type"),
    "hybrid": ({"response_type": "code id_token"}, "unauthorized_client"),
    "no response type": ({"response_type": ...}, "invalid_request"),
    "no scope": ({"scope": ...}, "invalid_scope"),
    "scope of the other client": ({"scope": "core"}, "invalid_scope"),
    "two conferences": ({"scope": f"conference:{'A' * 22} conference:{'A' * 21}Q"}, "invalid_scope"),
    "malformed conference": ({"scope": "conference:abc"}, "invalid_scope"),
    "conference with a NUL": ({"scope": "conference:" + "A" * 21 + "\x00"}, "invalid_scope"),
    "no challenge": ({"code_challenge": ...}, "invalid_request"),
    "plain challenge": ({"code_challenge_method": "plain"}, "invalid_request"),
    "no method": ({"code_challenge_method": ...}, "invalid_request"),
    "short challenge": ({"code_challenge": "AAAA"}, "invalid_request"),
    "no state": ({"state": ...}, "invalid_request"),
    "state too long": ({"state": "a" * 513}, "invalid_request"),
    "no dpop_jkt": ({"dpop_jkt": ...}, "invalid_request"),
    "malformed dpop_jkt": ({"dpop_jkt": "A" * 42}, "invalid_request"),
    "no resource": ({"resource": ...}, "invalid_target"),
    "foreign resource": ({"resource": ["http://evil.localhost"]}, "invalid_target"),
    "one foreign among ours": ({"resource": ["{kmf}", "http://evil.localhost"]}, "invalid_target"),
    "resource twice": ({"resource": ["{kmf}", "{kmf}"]}, "invalid_target"),
    "resource with a path": ({"resource": ["{kmf}/keys"]}, "invalid_target"),
    "resource with a slash": ({"resource": ["{kmf}/"]}, "invalid_target"),
}


@pytest.mark.parametrize(("changes", "code"), REDIRECTED.values(), ids=REDIRECTED)
def test_other_faults_are_told_to_the_client(endpoint_client, changes, code):
    response = endpoint_client.authorize(**{name: filled(value) for name, value in changes.items()})
    answer = query_of(response)
    assert response["Location"].startswith(endpoint_client.redirect_uri + "?")
    assert (answer["error"], answer["iss"]) == (code, settings.ORIGINS.auth)
    assert "code" not in answer
    assert answer.get("state") == (None if changes.get("state") is ... else changes.get("state", endpoint_client.state))
    assert Grant.objects.count() == 0


def test_the_core_client_gets_its_own_resource_only(core_client):
    assert query_of(core_client.authorize(resource=[settings.ORIGINS.kmf]))["error"] == "invalid_target"
    assert "code" in query_of(core_client.authorize())


def test_only_get(endpoint_client):
    address = f"/authorize?{urlencode(endpoint_client.query(), doseq=True)}"
    response = endpoint_client.browser.post(address, headers={"host": host(settings.ORIGINS.auth)})
    assert response.status_code == 405
    assert Grant.objects.count() == 0


@pytest.mark.parametrize("origin", ["core", "kmf"])
def test_the_sign_in_lives_on_its_own_origin(endpoint_client, origin):
    elsewhere = host(getattr(settings.ORIGINS, origin))
    assert Client().get("/authorize", headers={"host": elsewhere}).status_code == 404


def test_metadata(client, db):
    response = client.get("/.well-known/oauth-authorization-server", headers={"host": host(settings.ORIGINS.auth)})
    document = response.json()
    assert document["issuer"] == settings.ORIGINS.auth
    assert document["token_endpoint"] == f"{settings.ORIGINS.kmf}/token"
    assert document["code_challenge_methods_supported"] == ["S256"]
    assert document["dpop_signing_alg_values_supported"] == ["ES256"]


def test_writing_the_clients_twice_changes_nothing(clients):
    def rows():
        return list(Application.objects.order_by("pk").values_list("pk", "client_id", "redirect_uris"))

    before = rows()
    call_command("authorization_clients", verbosity=0)
    assert rows() == before
    assert {client_id for _, client_id, _ in before} == {"endpoint", "core", "device"}


def test_a_client_that_is_not_ours_is_removed(clients):
    Application.objects.create(client_id="other", client_type="public", authorization_grant_type="authorization-code")
    call_command("authorization_clients", verbosity=0)
    assert not Application.objects.filter(client_id="other").exists()
