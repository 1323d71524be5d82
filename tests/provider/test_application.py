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
