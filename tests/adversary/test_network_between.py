"""Attacker: the network between one endpoint and the KMF, which withholds the push from it, together with a leaver who kept his
keys and a media server that stores everything (MEDIA-1, DESIGN section 7). It costs half a minute, not the key's ten.

Petra is in by an ordinary line, Paul behind that network. Ivan leaves: Paul never hears of it and speaks on under the key that
Ivan has. After 15 s Paul is told that his list is old, after 30 s he sends nothing; when the line is free he is back by himself.
"""

import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.adversary.withholding_network import WithholdingNetwork, browser_behind
from tests.browser.janus_recording import record_room
from tests.browser.joining import epoch, join, sees, until
from tests.browser.test_ciphertext import Opened, Witness, arrival
from tests.integration.running_conference import KEEP_WORDS
from tests.scenes import Scene
from tests.small_devices import SMALL_DEVICES
from tests.stack import Stack
from tests.twin.recording import read_recordings

pytestmark = [pytest.mark.browser, pytest.mark.requirement("MEDIA-1"), pytest.mark.requirement("MEDIA-FRESH-1")]
STALE_S, SILENT_S = 15, 30
SLACK_S = 6  # the page looks once a second; the machine may be busy
SILENT_FOR_S = 6
SEND_COUNT = "() => document.querySelector('[data-testid=own-tile]').dataset.lock"


@dataclass
class Withheld:
    """What happened, in seconds since the network began to withhold."""

    said: list[dict[str, Any]]
    opened: list[Opened]
    began: float
    left: float
    last_frames: dict[int, float]
    victim: int
    own_lock: str
    back_in_epoch: int
    held_epochs: set[int]


@pytest.fixture(scope="module")
def withheld(stack: Stack, browser: Browser) -> Iterator[Withheld]:
    scene = Scene.schedule(stack)
    with WithholdingNetwork(stack) as network, browser_behind(network, browser) as other:
        petra = join(context_of(browser), scene.uri, stack.accounts("participant")[0])
        paul = join(context_of(other), scene.uri, stack.accounts("participant")[1])
        ivan = Witness(scene.person("initiator", 0).sign_in())
        ivan.enter()
        for page in (petra, paul):
            sees(page, 1)
        yield play(scene, network, petra, paul, ivan)
        for context in (petra.context, paul.context):
            context.close()


def context_of(browser: Browser) -> BrowserContext:
    context = browser.new_context(permissions=["camera", "microphone"], viewport={"width": 1000, "height": 640})
    for script in (SMALL_DEVICES, KEEP_WORDS):
        context.add_init_script(script)
    return context


def play(scene: Scene, network: WithholdingNetwork, petra: Page, paul: Page, ivan: Witness) -> Withheld:
    directory = Path(tempfile.mkdtemp(prefix="conclave-recording-"))
    directory.chmod(0o777)  # Janus runs as another user
    until(lambda: epoch(paul) == epoch(petra), "one epoch")
    victim = int(paul.get_by_test_id("own-tile").get_attribute("data-source-id") or 0)
    with record_room(scene.stack, scene.handle, directory):
        ivan.listen(3)
        paul.evaluate("said.length = 0; window.withheldAt = performance.now()")
        network.withhold()
        began = time.time()
        ivan.leave()
        until(lambda: "stopped" in [each["code"] for each in said(paul)], "the end of sending", SILENT_S + 3 * SLACK_S)
        time.sleep(SILENT_FOR_S)
        own_lock = str(paul.evaluate(SEND_COUNT))
    words = said(paul)
    network.release()
    for page in (petra, paul):
        sees(page, 1)
    until(lambda: epoch(paul) == epoch(petra), "one epoch again")
    recordings = read_recordings(directory)
    opened = ivan.open_all(recordings, scene.conference_id)
    sources = {id(item.recording): item.frame.source_id for item in opened}
    last = {}
    for recording in recordings:
        source = sources.get(id(recording), 0)
        last[source] = max(last.get(source, 0), arrival(recording, recording.frames[-1]) - began)
    held = set(ivan.person.keys)
    return Withheld(words, opened, began, ivan.left_at - began, last, victim, own_lock, epoch(paul), held)


def said(page: Page) -> list[dict[str, Any]]:
    words: list[dict[str, Any]] = page.evaluate("said.map((each) => ({ ...each, at: (each.at - withheldAt) / 1000 }))")
    return words


def first(withheld: Withheld, code: str) -> float:
    return float(next(each["at"] for each in withheld.said if each["code"] == code))


def opened_of_victim(withheld: Withheld) -> list[float]:
    return [item.at - withheld.began for item in withheld.opened if item.frame.source_id == withheld.victim]


def test_after_fifteen_seconds_he_is_told_that_his_list_is_old(withheld: Withheld) -> None:
    assert STALE_S - 5 - 1 <= first(withheld, "stale") <= STALE_S + SLACK_S


def test_after_thirty_he_sends_nothing_and_says_so(withheld: Withheld) -> None:
    assert SILENT_S - 5 - 1 <= first(withheld, "stopped") <= SILENT_S + SLACK_S
    assert withheld.last_frames[withheld.victim] <= first(withheld, "stopped") + 1
    assert withheld.own_lock == "silent"


def test_no_frame_under_the_old_key_is_later_than_that(withheld: Withheld) -> None:
    """What the leaver's keys open of Paul ends with it; of Petra, who was told, a second after the leave."""
    victim = opened_of_victim(withheld)
    assert max(victim) > withheld.left + 5, "the network gained something, else this shows nothing"
    assert max(victim) <= SILENT_S + SLACK_S
    others = [item.at - withheld.began for item in withheld.opened if item.frame.source_id != withheld.victim]
    assert max(others) <= withheld.left + 1


def test_when_the_line_is_free_again_he_is_back_under_a_new_key(withheld: Withheld) -> None:
    assert withheld.back_in_epoch > max(withheld.held_epochs)
