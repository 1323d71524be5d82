"""``/ready`` names what is away, tells no reason, and answers within a second whatever hangs."""

import base64
import json
import secrets
import time
from datetime import date

import pytest
import redis
from django.db import connection
from django.test import RequestFactory

from config import swept
from config.embedded.ports import free_port
from config.health import health, readiness
from config.probes.look import KEPT_S, Away, look, probes
from config.probes.trusted import HELPFUL_CORE, NEEDED
from kmf.services.day_keys import day_key
from kmf.services.root_keys.specification import make_root
from tests.silent_server import silent_server
from tests.stack import slack

EVERYTHING = {"database": "ok", "root_key": "ok", "signing_keys": "ok", "broker": "ok", "worker": "ok", "mail": "ok"}


def ask(query=""):
    begun = time.monotonic()
    response = readiness(needed=NEEDED, helpful=HELPFUL_CORE)(RequestFactory().get("/ready" + query))
    assert time.monotonic() - begun < slack()
    return response, json.loads(response.content)


@pytest.fixture(autouse=True)
def mails_as_files(settings):
    settings.EMAIL_BACKEND = "conferences.mail.eml_files.EmailBackend"


@pytest.fixture
def swept_lately(settings):
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        client.set(swept.KEY, "1", ex=swept.LATELY_S)
        yield client
        client.delete(swept.KEY)


def test_health_is_alive_and_never_cached():
    response = health(RequestFactory().get("/health"))
    assert (response.status_code, json.loads(response.content)) == (200, {"status": "ok"})
    assert "no-store" in response["Cache-Control"]


def test_health_takes_no_post():
    assert health(RequestFactory().post("/health")).status_code == 405


@pytest.mark.django_db
def test_everything_there(swept_lately):
    response, answer = ask()
    assert answer == {"status": "ok", "dependencies": EVERYTHING}
    assert response.status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize("fault", ["away", "hanging"])
def test_without_broker_keys_go_on(settings, fault):
    with silent_server() as silent:
        settings.REDIS_URL = f"redis://127.0.0.1:{silent if fault == 'hanging' else free_port(0)}/0"
        response, answer = ask()
        assert (response.status_code, answer["status"]) == (503, "degraded")
        assert answer["dependencies"] == EVERYTHING | {"broker": "away", "worker": "away"}
        assert ask("?only=needed")[0].status_code == 200


@pytest.mark.django_db
def test_worker_that_does_not_sweep_is_named(swept_lately):
    swept_lately.delete(swept.KEY)
    response, answer = ask()
    assert (response.status_code, answer["dependencies"]["worker"], answer["dependencies"]["broker"]) == (503, "away", "ok")


def test_sweep_is_noted_for_a_while_only(settings):
    class Task:
        name = swept.SWEEP

    swept.note_sweeps(settings.REDIS_URL)
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        client.delete(swept.KEY)
        assert not swept.was_swept(settings.REDIS_URL)
        swept.task_success.send(sender=Task())
        assert swept.was_swept(settings.REDIS_URL)
        assert 0 < client.ttl(swept.KEY) <= swept.LATELY_S
        client.delete(swept.KEY)


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
    assert answer["dependencies"]["root_key"] == "away"
    assert str(tmp_path) not in response.content.decode()


@pytest.mark.django_db
def test_signing_key_that_is_no_key_makes_it_unavailable(settings, tmp_path, monkeypatch):
    for name in ("root.key", "token-signing.pem", "roster-signing.pem"):
        (tmp_path / name).write_bytes(base64.b64encode(secrets.token_bytes(32)))
    monkeypatch.setattr(settings.ENV, "directory", tmp_path)
    response, answer = ask()
    assert (response.status_code, answer["dependencies"]["signing_keys"]) == (503, "away")


@pytest.mark.django_db
def test_another_root_key_makes_it_unavailable_and_is_told_apart(settings, tmp_path):
    settings.KMF_DAY_KEYS_DIR = tmp_path / "day-keys"
    one, other = f"file:{tmp_path}/one", f"file:{tmp_path}/other"
    make_root(one)
    make_root(other)
    settings.KMF_ROOT = one
    day_key(date(2026, 11, 23), create=True)
    assert ask()[1]["dependencies"]["root_key"] == "ok"
    settings.KMF_ROOT = other
    response, answer = ask()
    assert response.status_code == 503
    assert answer["dependencies"]["root_key"] == "wrong"
    settings.KMF_ROOT = one
    assert ask()[1]["dependencies"]["root_key"] == "ok"


@pytest.mark.django_db
@pytest.mark.parametrize("fault", ["no directory", "no server", "hanging server"])
def test_mail_that_cannot_go_out_is_named(settings, tmp_path, swept_lately, fault):
    with silent_server() as silent:
        if fault == "no directory":
            settings.EMAIL_BACKEND = "conferences.mail.eml_files.EmailBackend"
            settings.EMAIL_FILE_PATH = tmp_path / "nowhere"
        else:
            settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
            settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", free_port(0) if fault == "no server" else silent
        response, answer = ask()
        assert answer == {"status": "degraded", "dependencies": EVERYTHING | {"mail": "away"}}
        assert response.status_code == 503
        assert ask("?only=needed")[0].status_code == 200


@pytest.mark.django_db
def test_database_that_refuses_makes_it_unavailable(settings, monkeypatch):
    monkeypatch.setitem(connection.settings_dict, "HOST", "/nowhere")
    monkeypatch.setattr("config.probes.database.connection", _refusing())
    response, answer = ask("?only=needed")
    assert response.status_code == 503
    assert answer["dependencies"]["database"] == "away"
    assert "connection refused by test" not in response.content.decode()


def _refusing():
    from django.db import OperationalError  # noqa: PLC0415  for this line

    class Connection:
        def cursor(self):
            raise OperationalError("connection refused by test")

        def close(self):
            pass

    return Connection()


def test_hanging_part_is_looked_at_once_however_often_it_is_asked_for():
    looks = []

    def hang():
        looks.append(1)
        time.sleep(2.0)

    parts = probes({"slow": hang, "quick": lambda: None})
    begun = time.monotonic()
    assert look(parts) == look(parts) == {"slow": "away", "quick": "ok"}
    assert len(looks) == 1
    time.sleep(max(0.0, begun + 2.3 - time.monotonic()))
    assert look(parts)["slow"] == "ok"  # it has answered meanwhile


def test_answer_is_given_again_for_a_moment_only():
    looks = []
    parts = probes({"part": lambda: looks.append(1)})
    look(parts)
    look(parts)
    assert len(looks) == 1
    time.sleep(KEPT_S + 0.1)
    look(parts)
    assert len(looks) == 2


def test_part_that_comes_back_is_seen():
    state = []

    def check():
        if not state:
            raise Away("not there yet")

    parts = probes({"part": check})
    assert look(parts) == {"part": "away"}
    state.append(1)
    time.sleep(KEPT_S + 0.1)
    assert look(parts) == {"part": "ok"}
