"""Real media: Chromium's encoders and decoders with the engine between them, through rekeys and a withheld key."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.module_server import module_page

pytestmark = pytest.mark.browser

START = "import('/rules/loopback.js').then(async ({ Loopback }) => { window.call = await Loopback.start(); })"


@pytest.fixture
def call(browser: Browser) -> Iterator[Page]:
    with module_page(browser) as page:
        page.evaluate(START)
        yield page


def order(call: Page, name: str = "state") -> dict[str, Any]:
    return call.evaluate("(name) => window.call.answer(name)", name)


def lost(state: dict[str, Any], kind: str) -> dict[str, int]:
    """Frames with content that were not opened, by code."""
    return {code: number for code, number in state["received"][kind]["dropped"].items() if code != "ekt_empty"}


def decoded(call: Page) -> dict[str, float]:
    return call.evaluate("window.call.decoded()")


def wait_for_more(call: Page, frames: int = 20) -> None:
    """Wait until so many more video frames, and some sound, were decoded."""
    before = decoded(call)
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline:
        now = decoded(call)
        if now["framesDecoded"] >= before["framesDecoded"] + frames and now["audioSamples"] > before["audioSamples"]:
            return
        time.sleep(0.1)
    pytest.fail(f"nothing is decoded: {before} then {now}; {order(call)}")


def test_real_media_is_decoded_and_survives_rekeys(call: Page) -> None:
    wait_for_more(call)
    before = order(call)
    for _ in range(10):
        order(call, "rekey")
        wait_for_more(call, 8)
    after = order(call)
    for kind in ("audio", "video"):
        assert lost(after, kind) == {}, "a rekey loses no frame"
        assert after["received"][kind]["ok"] > before["received"][kind]["ok"]
    sources = [(event["id"], event["sourceId"]) for event in after["events"] if event["type"] == "source"]
    assert sorted(sources) == [("audio", 11), ("video", 11)]


def test_without_the_key_nothing_is_decoded_and_with_it_everything_is_again(call: Page) -> None:
    wait_for_more(call)
    withheld = order(call, "withhold")
    before = decoded(call)
    time.sleep(1)
    assert decoded(call)["framesDecoded"] <= before["framesDecoded"] + 1
    assert order(call)["received"]["video"]["ok"] == withheld["received"]["video"]["ok"]
    order(call, "heal")
    wait_for_more(call)


def test_nothing_is_sent_while_sending_is_stopped(call: Page) -> None:
    wait_for_more(call)
    order(call, "stop")
    time.sleep(0.5)
    before, counted = decoded(call), order(call)
    time.sleep(1)
    after = order(call)
    assert decoded(call)["framesDecoded"] == before["framesDecoded"]
    assert after["received"]["video"]["frames"] == counted["received"]["video"]["frames"]
    assert after["sent"]["video"]["dropped"]["sending_stopped"] > counted["sent"]["video"]["dropped"]["sending_stopped"]
