"""Fifty endpoints that ask for their keys at the same moment, half of them at a second process: real requests, real keys."""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from urllib.parse import urlsplit

import httpx
import pytest

from config.embedded.ports import free_port
from config.env import ROOT
from tests.scenes import Scene
from tests.simulators.minted import KeyAsker, mint
from tests.stack import Stack, wait_for

ENDPOINTS = 50


@pytest.fixture
def second_process(stack: Stack) -> Iterator[int]:
    """Port of another web process of the same installation."""
    port = free_port(0)
    process = subprocess.Popen(  # noqa: S603  our own command
        [sys.executable, "-m", "uvicorn", "--host", "127.0.0.1", "--port", str(port), "config.asgi_trusted:application"],
        cwd=ROOT,
        env=stack.environment() | {"DJANGO_SETTINGS_MODULE": "config.settings.trusted"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )

    def answers() -> bool:
        with suppress(httpx.HTTPError):
            host = {"Host": stack.origins.kmf.split("//")[1]}
            return httpx.get(f"http://127.0.0.1:{port}/health", headers=host, trust_env=False).is_success
        return False

    try:
        wait_for(answers, "the second process")
        yield port
    finally:
        process.terminate()
        process.wait(20)


async def ask_all(stack: Stack, requests: list[tuple[dict[str, str], bytes]], bases: list[str]) -> list[httpx.Response]:
    limits, name = httpx.Limits(max_connections=ENDPOINTS), {"sni_hostname": urlsplit(stack.origins.kmf).hostname}
    async with httpx.AsyncClient(verify=stack.trust, trust_env=False, timeout=30, limits=limits) as client:
        asking = [
            client.post(f"{bases[number % len(bases)]}/keys", headers=headers, content=body, extensions=name)
            for number, (headers, body) in enumerate(requests)
        ]
        return await asyncio.gather(*asking)


@pytest.mark.requirement("KMF-REL-7")
def test_fifty_ask_at_once_at_two_processes(stack: Stack, second_process: int):
    made = mint(stack, ENDPOINTS)
    scene = Scene(stack, made.conference, "")
    requests = [KeyAsker(stack.origins.kmf, made.conference, endpoint).request() for endpoint in made.endpoints]
    bases = [stack.origins.internal_trusted, f"http://127.0.0.1:{second_process}"]
    began = time.monotonic()
    answers = asyncio.run(ask_all(stack, [*requests, requests[0]], bases))  # the first proof comes twice
    print(f"  {ENDPOINTS} in {time.monotonic() - began:.2f} s, {len(scene.epochs())} epochs")  # noqa: T201

    codes = sorted(answer.status_code for answer in answers)
    assert codes == [200] * ENDPOINTS + [401]
    epochs = scene.epochs()
    assert [number for number, _ in epochs] == list(range(1, len(epochs) + 1))
    assert [state for _, state in epochs].count("current") == 1
    assert len(epochs) < ENDPOINTS  # some came in together
    released = scene.audit("key.released")
    assert len({entry["details"]["source_id"] for entry in released}) == len(released) == ENDPOINTS
    given = [answer.headers["encryption-key"].split(";")[0] for answer in answers if answer.status_code == 200]
    assert sorted(given) == sorted(f'keyid="{entry["details"]["key_id"]}"' for entry in released)
    with stack.connect("trusted") as database:
        rows = database.execute(
            "SELECT number, body FROM roster_rosterdelta WHERE conference_id = %s ORDER BY number", (made.conference,)
        ).fetchall()
    assert [number for number, _ in rows] == list(range(1, len(rows) + 1))
    joined = [entry["source_id"] for _, body in rows for entry in json.loads(bytes(body))["joined"]]
    assert sorted(joined) == sorted(entry["details"]["source_id"] for entry in released)
    opened = [*scene.audit("epoch.opened"), *scene.audit("epoch.shared")]
    holders = [source_id for entry in opened for source_id in entry["details"]["holders"]]
    assert set(holders) == set(joined)
