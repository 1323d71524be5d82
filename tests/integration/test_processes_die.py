"""Every process dies while a conference runs: the conference goes on, or the page says what is missing and mends itself.

Three people in three browser profiles, the third through the relay alone; one join for all of it. Printed are measured
times: ``pytest -s``.
"""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext

from tests.browser.joining import join
from tests.integration.running_conference import KEEP_WORDS, LOOK, RELAY_ONLY, Running, slack
from tests.scenes import Scene
from tests.small_devices import SMALL_DEVICES
from tests.stack import Stack

pytestmark = pytest.mark.browser

BACK_WITHIN_S = 10
MEDIA_WITHIN_S = 12
# Whoever is not back 15 s after his last heartbeat is taken for gone. It was noted up to 5 s before; coming back takes up to 4 s.
SHORT_ABSENCE_S = 15 - 5 - 4
# What a page may say besides on a machine that is too busy for the media of three browsers.
SLOW = {"media_reconnecting", "offline", "provider_silent"}


def profile_of(browser: Browser, *scripts: str) -> BrowserContext:
    context = browser.new_context(permissions=["camera", "microphone"], viewport={"width": 1000, "height": 640})
    context.set_default_timeout(15_000)
    for script in (SMALL_DEVICES, KEEP_WORDS, *scripts):
        context.add_init_script(script)
    return context


@pytest.fixture(scope="module")
def conference(stack: Stack, browser: Browser) -> Iterator[Running]:
    scene = Scene.schedule(stack, title="Works council")
    accounts = [*stack.accounts("participant"), *stack.accounts("initiator")][:3]
    contexts = [profile_of(browser), profile_of(browser), profile_of(browser, RELAY_ONLY)]
    pages = [join(context, scene.uri, account) for context, account in zip(contexts, accounts, strict=True)]
    yield Running(scene, pages)
    for context in contexts:
        context.close()


@pytest.fixture
def running(conference: Running) -> Running:
    """Everybody in, seen by everybody, nothing amiss."""
    conference.together(20)
    conference.flowing()
    conference.said()
    return conference


def sources(running: Running) -> list[list[int]]:
    return [sorted(tile["source"] for tile in each["tiles"]) for each in running.look()]


def heard(running: Running) -> set[str]:
    """Everything that any page's line above the stage said since the last call."""
    return {code for codes in running.said() for code in codes} - {""}


def settled_at(scene: Scene) -> datetime:
    with scene.stack.connect("trusted") as database:
        row = database.execute("SELECT settled_at FROM kmf_keystate WHERE conference_id = %s", (scene.conference_id,)).fetchone()
    return row[0] if row and row[0] else datetime.min.replace(tzinfo=UTC)


def well_again(running: Running, within_s: float = BACK_WITHIN_S) -> None:
    running.together(within_s)
    running.flowing(MEDIA_WITHIN_S)


def test_what_nobody_notices(running: Running):
    """Worker, beat, Valkey and PostgreSQL die, the provider stands still for 16 s: the conference goes on as it was."""
    epoch, who = running.epoch(), sources(running)
    running.stack.freeze("provider")
    frozen_at = time.monotonic()
    try:
        for name in ("worker", "beat", "valkey", "postgres"):
            running.stack.restart(name)
            time.sleep(1)
            running.flowing(5)
        time.sleep(max(0.0, 16 - (time.monotonic() - frozen_at)))  # longer than any line's patience
        running.flowing(5)
    finally:
        running.stack.thaw("provider")
    well_again(running)
    assert (running.epoch(), sources(running)) == (epoch, who)
    assert slack() > 1 or heard(running) == set()
    another = running.scene.another()
    another.person("participant", 0).sign_in().ask_for_key()
    asked_at = settled_at(another)
    running.until(lambda: settled_at(another) > asked_at, "the worker looks after conferences that nobody else does", 20)


def test_the_kmf_and_valkey_die_and_everybody_is_back_at_the_same_epoch(running: Running):
    epoch, who = running.epoch(), sources(running)
    killed_at = time.monotonic()
    running.stack.kill("valkey")
    running.stack.restart("trusted")
    running.flowing(5)
    running.kmf_is_back()
    away_s = time.monotonic() - killed_at
    well_again(running)
    if away_s < SHORT_ABSENCE_S:
        assert (running.epoch(), sources(running)) == (epoch, who)
    assert running.epoch() <= epoch + 3
    assert heard(running) - SLOW <= {"reconnecting", "stale"}


@pytest.mark.parametrize("name", ["provider", "janus"])
def test_media_come_back_after_the_death_of(running: Running, name: str):
    epoch, who = running.epoch(), sources(running)
    running.stack.restart(name)
    running.until(lambda: running.has_said("media_reconnecting"), "the page says so", 5)
    well_again(running, MEDIA_WITHIN_S)
    assert (running.epoch(), sources(running)) == (epoch, who)
    assert heard(running) - SLOW == set()


def test_who_is_behind_the_relay_comes_back_after_its_death(running: Running):
    epoch = running.epoch()
    running.stack.restart("turn")
    time.sleep(2)  # nothing goes by a relay that does not know the line any more: the way is looked for again
    well_again(running, MEDIA_WITHIN_S)
    assert running.epoch() == epoch
    assert heard(running) - SLOW == set()


def test_nothing_survives_the_supervisor_and_all_come_back_to_its_successor(running: Running):
    epoch, who = running.epoch(), sources(running)
    supervisor = running.stack.supervisor
    assert supervisor is not None
    supervisor.kill()
    supervisor.wait()
    running.until(lambda: running.has_said("offline"), "the page says so", 8)
    running.stack.start()
    well_again(running)
    # Who needs more than 15 s to come back is taken for gone, and comes in anew.
    assert slack() > 1 or (running.epoch(), sources(running)) == (epoch, who)
    assert running.epoch() <= epoch + 3


def test_a_leave_said_while_the_database_is_away_and_a_join_while_the_provider_is(running: Running):
    """The leaver's page has deleted its keys; those who stay get a new one as soon as one can be made."""
    epoch = running.epoch()
    leaver = running.pages.pop(1)
    running.stack.take_away("postgres")
    leaver.get_by_test_id("leave").click()
    time.sleep(1)
    running.stack.bring_back("postgres")
    well_again(running)
    assert running.epoch() == epoch + 1
    assert running.scene.audit("endpoint.left")[-1]["details"]["reason"] == "left"
    running.stack.take_away("provider")
    leaver.get_by_test_id("gate-action").click()
    leaver.get_by_test_id("join").click()
    running.pages.insert(1, leaver)
    said = {"media_reconnecting", "provider_silent"}  # a connection that was lost, and one that there never was
    running.until(lambda: set(running.banners()) <= said, "the page says so", 20)
    assert {tile["lock"] for each in running.look() for tile in each["tiles"]} <= {"cut", "waiting"}
    running.stack.bring_back("provider")
    well_again(running, 20)
    assert running.epoch() == epoch + 2


def test_the_kmf_is_away_for_half_a_minute(running: Running):
    """Media go on, the page says what is old; then nothing is sent any more; at its return all come in again."""
    epoch = running.epoch()
    running.stack.take_away("trusted")
    try:
        running.until(lambda: running.has_said("reconnecting"), "the page says so", 5)
        running.flowing(5)
        running.until(lambda: running.has_said("stale"), "the list is called old", 17)
        assert slack() > 1 or {each["seal"] for each in running.look()} == {"true"}
        running.until(lambda: running.has_said("stopped"), "nothing is sent", 19)
        running.until(lambda: {each["seal"] for each in running.look()} == {"false"}, "the seal says so", 3)
    finally:
        running.stack.bring_back("trusted")
    running.kmf_is_back()
    well_again(running)
    # Silent for 15 s by what was noted last: everybody's place was over, and nobody's key goes on.
    assert {entry["details"]["reason"] for entry in running.scene.audit("endpoint.left")[-3:]} == {"silent"}
    assert epoch < running.epoch() <= epoch + 3
    assert heard(running) - SLOW == {"reconnecting", "stale", "stopped"}


def test_who_leaves_while_the_kmf_starts_again_is_out_15_s_after_his_last_heartbeat(running: Running):
    epoch = running.epoch()
    leaver = running.pages.pop(1)
    source_id = running.present() - {tile["source"] for tile in leaver.evaluate(LOOK)["tiles"]}
    running.stack.take_away("trusted")
    leaver.close(run_before_unload=True)
    closed_at = time.monotonic()
    running.stack.bring_back("trusted")
    running.kmf_is_back()
    away_s = time.monotonic() - closed_at
    running.until(lambda: not running.present() & source_id, "the leaver is out", 22)
    assert time.monotonic() - closed_at < 24 * slack()
    well_again(running)
    left = running.scene.audit("endpoint.left")
    assert [entry["details"]["reason"] for entry in left if entry["details"]["source_id"] in source_id] == ["silent"]
    if away_s < SHORT_ABSENCE_S:
        assert running.epoch() == epoch + 1
    # Who could not come back in time was silent, too, and came in anew: a leave and a join of each at most.
    assert epoch < running.epoch() <= epoch + 1 + 2 * len(running.pages)


def test_what_was_written_is_whole(running: Running, tmp_path: Path):
    export = tmp_path / "audit.jsonl"
    written = running.stack.manage("audit", "export")
    assert written.returncode == 0, written.stderr
    export.write_text(written.stdout)
    verified = running.stack.manage("audit", "verify", str(export))
    assert verified.returncode == 0, verified.stdout + verified.stderr
    check_holds(running.scene)


def check_holds(scene: Scene) -> None:
    """No epoch is missing, none is current twice, and no key was held by somebody who had left."""
    numbers = [number for number, _state in scene.epochs()]
    assert numbers == list(range(1, len(numbers) + 1))
    assert [state for _number, state in scene.epochs()].count("current") == 1
    present: set[int] = set()
    for entry in scene.audit():
        details = entry["details"]
        if entry["event"] == "epoch.opened":
            held = set(details["holders"])
            present |= held
            assert held == present, json.dumps(entry)
        elif entry["event"] == "epoch.shared":
            present |= set(details["holders"])
        elif entry["event"] == "endpoint.left":
            present -= {details["source_id"]}
