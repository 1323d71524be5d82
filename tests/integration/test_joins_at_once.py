"""Two processes of the KMF, and fifty endpoints that come and go at the same moment: real requests, real sockets, real keys."""

import asyncio
import json
import statistics
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
from tests.integration.faults.books import check_books, entries_of, newest_epoch
from tests.scenes import Scene
from tests.simulators.crowd import Crowd
from tests.simulators.minted import KeyAsker, mint
from tests.stack import Stack, wait_for

ENDPOINTS = 50
STAYING, MOVING = 10, 25  # who is in all the time; who leaves, and as many who come
LEAVES = 12


@pytest.fixture(scope="module")
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


@pytest.fixture(scope="module")
def crowd(stack: Stack, second_process: int) -> Iterator[Crowd]:
    """Ten who stay and twenty-five who will leave are in, twenty-five still outside; every other one is at the second process."""
    with Crowd(stack, STAYING + 2 * MOVING, second_port=second_process) as running:
        running.enter(running.endpoints[: STAYING + MOVING])
        running.together(within_s=60)
        yield running


@pytest.mark.requirement("KMF-REL-7")
def test_fifty_come_and_go_at_once_at_two_processes(crowd: Crowd):
    before = newest_epoch(crowd)
    leaving, coming = crowd.endpoints[STAYING : STAYING + MOVING], crowd.endpoints[STAYING + MOVING :]
    crowd.enter(coming)
    crowd.leave(leaving)
    took = crowd.together(within_s=60, beyond=before)  # one epoch and one roster number at both processes
    epochs = newest_epoch(crowd) - before
    print(f"  {2 * MOVING} came and went in {took:.2f} s, {epochs} epochs")  # noqa: T201
    assert [one.joins for one in crowd.inside] == [1] * (STAYING + MOVING)
    assert {one.site.port for one in crowd.inside} == {site.port for site in crowd.sites}
    check_books(crowd)  # strictly rising, no gap, one current, and each epoch is held by those who were in and by nobody else
    left = entries_of(crowd, "endpoint.left")
    assert [entry["details"]["reason"] for entry in left] == ["left"] * MOVING
    assert {entry["details"]["source_id"] for entry in left} == {source for one in leaving for source in one.sources}
    assert 2 <= epochs <= 2 * MOVING


def lags(crowd: Crowd, leaves: int) -> list[float]:
    """So many come to the first process and leave there, one by one: how much later than the first the second heard of each."""
    found = []
    for goer in [one for one in crowd.endpoints if not one.wanted and one.site is crowd.sites[0]][:leaves]:
        crowd.enter([goer])
        crowd.together()
        before = newest_epoch(crowd)
        crowd.leave([goer])
        crowd.together(beyond=before)
        heard = [max(one.heard_at[before + 1] for one in crowd.inside if one.site is site) for site in crowd.sites]
        found.append(heard[1] - heard[0])
    assert len(found) == leaves
    return found


def test_a_leave_at_one_process_is_heard_at_the_other_at_once(crowd: Crowd):
    """By the hint. Without it the other would hear at its own next look: half a second later, on the average."""
    late = lags(crowd, LEAVES)
    print(f"  the second process hears {statistics.median(late):.3f} s later, {max(late):.3f} s at most")  # noqa: T201
    assert statistics.median(late) < 0.25


def test_a_leave_at_one_process_is_heard_at_the_other_though_valkey_is_away(crowd: Crowd):
    """By its own look, every second; there is nothing else that would tell it."""
    crowd.stack.take_away("valkey")
    try:
        late = lags(crowd, 3)
    finally:
        crowd.stack.bring_back("valkey")
    print(f"  without Valkey {statistics.median(late):.3f} s later, {max(late):.3f} s at most")  # noqa: T201
    assert statistics.median(late) < 2.5
    check_books(crowd)
