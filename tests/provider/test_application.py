import pytest
from django.conf import settings
from django.test import Client


def test_the_frame_is_held_by_its_headers(http: Client) -> None:
    answer = http.get("/app/")
    policy = dict(part.strip().partition(" ")[::2] for part in answer["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["frame-ancestors"] == settings.PROVIDER_KMF_ORIGIN
    assert policy["script-src"] == settings.PROVIDER_ORIGIN
    assert policy["sandbox"] == "allow-scripts"
    assert "camera=()" in answer["Permissions-Policy"]
    assert "microphone=()" in answer["Permissions-Policy"]
    assert "Set-Cookie" not in answer


def test_modules_can_be_read_by_an_opaque_origin(http: Client) -> None:
    answer = http.get("/app/frame.js")
    assert answer.status_code == 200
    assert answer["Access-Control-Allow-Origin"] == "*"
    assert answer["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("name", ["secret.js", "../frame.html", "frame.html", "..%2fmodels.py"])
def test_nothing_else_is_served(http: Client, name: str) -> None:
    assert http.get(f"/app/{name}").status_code == 404


@pytest.mark.django_db
def test_ready_names_what_is_away(http: Client, janus: str) -> None:
    assert http.get("/health").json() == {"status": "ok"}
    assert http.get("/ready").json() == {"status": "ok", "dependencies": {"database": "ok", "janus": "ok"}}


@pytest.mark.django_db
def test_not_ready_without_janus(http: Client, settings: object) -> None:
    settings.PROVIDER_JANUS_URL = "ws://127.0.0.1:1"  # type: ignore[attr-defined]
    answer = http.get("/ready")
    assert (answer.status_code, answer.json()["dependencies"]) == (503, {"database": "ok", "janus": "away"})
