"""The provider's readiness: each part by name, within a second, whatever hangs."""

import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client, RequestFactory

from config.embedded.ports import free_port
from config.health import readiness
from config.probes.provider import HELPFUL, NEEDED
from provider.mdd import turn_command, write_turn_config
from provider.services.kmf_keys import KMF_KEYS
from tests.provider.kmf_stand_in import KMF
from tests.silent_server import silent_server
from tests.stack import slack

pytestmark = pytest.mark.django_db
EVERYTHING = {"database": "ok", "janus": "ok", "turn": "ok", "kmf_keys": "ok"}


@pytest.fixture
def turn(tmp_path: Path, settings: Any) -> Iterator[subprocess.Popen[bytes]]:
    port = free_port(0)
    settings.PROVIDER_TURN_ADDRESS = f"127.0.0.1:{port}"
    write_turn_config(tmp_path, secret="s", mdd_addresses=["127.0.0.1"], port=port, relay_ports=(38400, 38410))
    with (tmp_path / "log").open("wb") as log, subprocess.Popen(turn_command(tmp_path), stdout=log, stderr=log) as process:  # noqa: S603
        yield process
        process.kill()


def ask(query: str = "") -> tuple[int, dict[str, Any]]:
    begun = time.monotonic()
    response = readiness(needed=NEEDED, helpful=HELPFUL)(RequestFactory().get("/ready" + query))
    assert time.monotonic() - begun < slack()
    return response.status_code, json.loads(response.content)


def wait_until_ready() -> tuple[int, dict[str, Any]]:
    deadline = time.monotonic() + 10
    while (answer := ask())[0] != 200 and time.monotonic() < deadline:
        time.sleep(0.1)
    return answer


def test_everything_there(kmf: KMF, janus: str, turn: Any) -> None:
    assert wait_until_ready() == (200, {"status": "ok", "dependencies": EVERYTHING})


def test_both_paths_answer_on_the_site(http: Client) -> None:
    assert http.get("/health").json() == {"status": "ok"}
    assert http.get("/ready").json()["dependencies"].keys() == EVERYTHING.keys()


@pytest.mark.parametrize("fault", ["away", "hanging"])
def test_without_janus_it_is_unavailable(kmf: KMF, turn: Any, settings: Any, fault: str) -> None:
    with silent_server() as silent:
        settings.PROVIDER_JANUS_URL = f"ws://127.0.0.1:{silent if fault == 'hanging' else free_port(0)}"
        for query in ("", "?only=needed"):
            status, answer = ask(query)
            assert (status, answer["status"], answer["dependencies"]["janus"]) == (503, "unavailable", "away")


def test_without_the_relay_it_is_degraded_and_may_still_be_used(kmf: KMF, janus: str, turn: Any) -> None:
    assert wait_until_ready()[0] == 200
    turn.kill()
    turn.wait()
    assert ask() == (503, {"status": "degraded", "dependencies": EVERYTHING | {"turn": "away"}})
    assert ask("?only=needed")[0] == 200


def test_without_the_kmf_it_says_so_until_it_comes_back(kmf: KMF, janus: str, turn: Any, settings: Any) -> None:
    assert wait_until_ready()[0] == 200
    KMF_KEYS.forget()
    settings.PROVIDER_KMF_INTERNAL = f"http://127.0.0.1:{free_port(0)}"
    assert ask() == (503, {"status": "degraded", "dependencies": EVERYTHING | {"kmf_keys": "away"}})
    settings.PROVIDER_KMF_INTERNAL = kmf.address
    assert wait_until_ready()[0] == 200
