"""The screen before joining: choices that are kept, help where the browser blocks the devices, and a sound to try the speaker."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.joining import JOIN_TIMEOUT_MS, open_conference, until
from tests.browser.pictures import picture
from tests.scenes import Scene
from tests.stack import Stack

pytestmark = pytest.mark.browser
LEVEL = "Number(document.getElementById('mic-level').style.getPropertyValue('--level'))"
# As a browser answers that was told to block the camera; the test lifts it again.
BLOCKED = """
window.isBlocked = true;
const native = MediaDevices.prototype.getUserMedia;
MediaDevices.prototype.getUserMedia = function (wanted) {
  return window.isBlocked ? Promise.reject(new DOMException('blocked', 'NotAllowedError')) : native.call(this, wanted);
};
"""


@pytest.fixture
def scene(stack: Stack) -> Scene:
    return Scene.schedule(stack, title="Before joining")


def has_opened(page: Page, device: str) -> None:
    expect(page.get_by_test_id(f"prejoin-{device}")).to_have_attribute("aria-pressed", "true", timeout=JOIN_TIMEOUT_MS)
    expect(page.get_by_test_id(f"{device}-choice")).not_to_have_value("", timeout=JOIN_TIMEOUT_MS)


def test_a_camera_that_was_turned_off_stays_off_the_next_time(scene: Scene, profile) -> None:
    page = open_conference(profile(), scene.uri, scene.stack.accounts("participant")[0])
    has_opened(page, "camera")
    page.get_by_test_id("prejoin-camera").click()
    expect(page.get_by_test_id("prejoin-camera")).to_have_attribute("aria-pressed", "false")
    page.goto(scene.uri)
    expect(page.locator("body")).to_have_attribute("data-state", "prejoin", timeout=JOIN_TIMEOUT_MS)
    has_opened(page, "mic")
    expect(page.get_by_test_id("prejoin-camera")).to_have_attribute("aria-pressed", "false")
    page.get_by_test_id("join").click()
    expect(page.get_by_test_id("toggle-camera")).to_have_attribute("aria-pressed", "false", timeout=JOIN_TIMEOUT_MS)
    expect(page.get_by_test_id("toggle-mic")).to_have_attribute("aria-pressed", "true")
    kept = page.evaluate("({ ...localStorage })")
    assert list(kept) == ["conclave-choices"]
    assert scene.conference_id not in str(kept)


def test_whoever_is_blocked_is_told_how_to_allow_it_and_may_try_again(scene: Scene, profile) -> None:
    context = profile()
    context.add_init_script(BLOCKED)
    page = open_conference(context, scene.uri, scene.stack.accounts("participant")[0])
    expect(page.get_by_test_id("prejoin-problem")).to_contain_text("blocked for this address")
    page.get_by_test_id("prejoin-help").locator("summary").click()
    expect(page.get_by_test_id("prejoin-help").locator("li").first).to_be_visible()
    page.evaluate("window.isBlocked = false")
    page.get_by_test_id("prejoin-retry").click()
    for device in ("mic", "camera"):
        has_opened(page, device)
    expect(page.get_by_test_id("prejoin-problem")).to_be_hidden()


def test_the_microphone_shows_its_level_and_the_speaker_can_be_tried(scene: Scene, profile) -> None:
    page = open_conference(profile(), scene.uri, scene.stack.accounts("participant")[0])
    has_opened(page, "mic")
    until(lambda: page.evaluate(LEVEL) > 0.05, "a level")
    picture(page, "join")
    page.get_by_test_id("speaker-test").click()
    expect(page.get_by_test_id("speaker-words")).to_have_text("Playing …")
    expect(page.get_by_test_id("speaker-words")).to_contain_text("If you heard nothing")
