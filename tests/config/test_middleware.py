"""Hosts and origins: who is answered where, and what the cookie-less origin never serves."""

import pytest
from django.conf import settings
from django.test import Client

pytestmark = pytest.mark.django_db


def host(origin: str) -> str:
    return origin.split("//", 1)[1]


def test_an_unknown_host_is_refused():
    assert Client().get("/health", headers={"host": "evil.example"}).status_code == 400


@pytest.mark.parametrize("path", ["/conferences/new", "/authorize"])
def test_the_kmf_origin_has_neither_pages_of_the_core_nor_of_the_authorization_module(path: str):
    assert Client().get(path, headers={"host": host(settings.ORIGINS.kmf)}).status_code == 404


def test_the_kmf_origin_sets_no_cookie_and_sees_none():
    client = Client(headers={"host": host(settings.ORIGINS.kmf)})
    client.cookies["sessionid"] = "anything"
    answer = client.get("/c/" + "A" * 22)
    assert answer.status_code == 200
    assert not answer.cookies


@pytest.mark.parametrize("path", ["/static/core/chips.js", "/static/auth/show_password.js"])
def test_no_script_of_another_origin_is_served_beside_the_keys(path: str):
    assert Client().get(path, headers={"host": host(settings.ORIGINS.kmf)}).status_code == 403


@pytest.mark.parametrize("origin", [settings.ORIGINS.kmf, settings.ORIGINS.core, settings.ORIGINS.auth])
@pytest.mark.parametrize("path", ["/health", "/frame", "/static/core/main.js", "/sign-in"])
def test_no_service_worker_is_served_anywhere(origin: str, path: str):
    """Not on the core origin either: it would go on answering for the frame beside the call."""
    answer = Client().get(path, headers={"host": host(origin), "service-worker": "script"})
    assert (answer.status_code, answer.content) == (403, b"")


def test_a_session_of_one_origin_opens_nothing_on_another():
    client = Client(headers={"host": host(settings.ORIGINS.core)})
    session = client.session
    session["identity"] = {"subject": "x", "email": "x@x", "name": "x", "roles": [], "organisation": "x"}
    session["origin"] = host(settings.ORIGINS.auth)
    session.save()
    assert client.get("/").status_code == 302
