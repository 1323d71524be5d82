"""``/ready`` names what is away, tells no reason, and is 503 only where nothing can be done without it."""

import json
from datetime import date

import pytest
from django.db import connection
from django.test import RequestFactory

from config.embedded.ports import free_port
from config.health import health, ready
from kmf.services.day_keys import day_key
from kmf.services.root_keys.specification import make_root


def ask(view=ready, method="get"):
    response = view(getattr(RequestFactory(), method)("/ready"))
    return response, json.loads(response.content or "{}")


def test_health_is_alive_and_never_cached():
    response, answer = ask(health)
    assert (response.status_code, answer) == (200, {"status": "ok"})
    assert "no-store" in response["Cache-Control"]


def test_health_takes_no_post():
    assert health(RequestFactory().post("/health")).status_code == 405


@pytest.mark.django_db
def test_everything_there():
    response, answer = ask()
    assert response.status_code == 200
    assert answer == {"status": "ok", "dependencies": {"database": "ok", "keys": "ok", "valkey": "ok", "mail": "ok"}}


@pytest.mark.django_db
def test_valkey_away_only_degrades(settings):
    settings.REDIS_URL = f"redis://127.0.0.1:{free_port(0)}/0"
    response, answer = ask()
    assert response.status_code == 200
    assert answer["status"] == "degraded"
    assert answer["dependencies"]["valkey"] == "away"


@pytest.mark.django_db
@pytest.mark.parametrize("content", [None, b"", b"too short", b"QUJD"], ids=["missing", "empty", "not base64", "3 bytes"])
def test_broken_root_key_makes_it_unavailable(settings, tmp_path, content):
    settings.KMF_ROOT = f"file:{tmp_path / 'root.key'}"
    if content is not None:
        (tmp_path / "root.key").write_bytes(content)
    response, answer = ask()
    assert response.status_code == 503
    assert response["Retry-After"] == "5"
    assert answer["status"] == "unavailable"
    assert answer["dependencies"]["keys"] == "away"


@pytest.mark.django_db
def test_another_root_key_makes_it_unavailable_and_is_told_apart(settings, tmp_path):
    settings.KMF_DAY_KEYS_DIR = tmp_path / "day-keys"
    one, other = f"file:{tmp_path}/one", f"file:{tmp_path}/other"
    make_root(one)
    make_root(other)
    settings.KMF_ROOT = one
    day_key(date(2026, 11, 23), create=True)
    assert ask()[1]["dependencies"]["keys"] == "ok"
    settings.KMF_ROOT = other
    response, answer = ask()
    assert response.status_code == 503
    assert answer["dependencies"]["keys"] == "wrong"
    settings.KMF_ROOT = one
    assert ask()[1]["dependencies"]["keys"] == "ok"


@pytest.mark.django_db
def test_missing_directory_for_mail_only_degrades(settings, tmp_path):
    settings.EMAIL_BACKEND = "conferences.mail.eml_files.EmailBackend"
    settings.EMAIL_FILE_PATH = tmp_path / "nowhere"
    assert ask()[1]["dependencies"]["mail"] == "away"


@pytest.mark.django_db
def test_database_that_refuses_makes_it_unavailable():
    with connection.execute_wrapper(_refuse):
        response, answer = ask()
    assert response.status_code == 503
    assert answer["dependencies"]["database"] == "away"
    assert "connection refused by test" not in response.content.decode()


def _refuse(*_arguments):
    from django.db import OperationalError  # noqa: PLC0415  for this line

    raise OperationalError("connection refused by test")
