"""A screen is shared as a track of its own, encrypted as such, seen large by the others, and gone when it is stopped."""

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.joining import JOIN_TIMEOUT_MS, join, sees, until
from tests.browser.pictures import picture
from tests.scenes import Scene
from tests.stack import Stack

pytestmark = pytest.mark.browser
FRAMES = "(tile) => tile.querySelector('video').getVideoPlaybackQuality().totalVideoFrames"


@pytest.fixture
def scene(stack: Stack) -> Scene:
    return Scene.schedule(stack, title="Screens")


@pytest.fixture
def ada(scene: Scene, profile) -> Page:
    return join(profile(), scene.uri, scene.stack.accounts("participant")[0])


@pytest.fixture
def bob(scene: Scene, profile) -> Page:
    return join(profile(), scene.uri, scene.stack.accounts("participant")[1])


def shows_screen_of(page: Page, name: str) -> Locator:
    tile = page.get_by_test_id("screen-tile")
    expect(tile).to_have_attribute("data-decrypting", "true", timeout=JOIN_TIMEOUT_MS)
    expect(tile).to_have_attribute("data-large", "true")
    expect(tile.get_by_test_id("tile-name")).to_contain_text(f"Screen of {name}")
    before = tile.evaluate(FRAMES)
    until(lambda: tile.evaluate(FRAMES) > before, "frames of the screen")
    return tile


def test_a_screen_is_shown_to_all_and_ends(ada: Page, bob: Page, scene: Scene, profile) -> None:
    sees(bob, 1)
    sees(ada, 1)
    name = bob.get_by_test_id("tile").get_by_test_id("tile-name").inner_text().strip()
    ada.get_by_test_id("toggle-screen").click()
    expect(ada.get_by_test_id("sharing")).to_be_visible()
    expect(ada.get_by_test_id("toggle-screen")).to_have_attribute("aria-pressed", "true")
    tile = shows_screen_of(bob, name)
    camera = bob.get_by_test_id("tile")
    expect(camera).to_have_attribute("data-decrypting", "true")
    assert tile.get_attribute("data-source-id") == camera.get_attribute("data-source-id")
    # who comes later sees it, too
    late = join(profile(), scene.uri, scene.stack.accounts("initiator")[0])
    shows_screen_of(late, name)
    picture(late, "screen")

    ada.get_by_test_id("stop-sharing").click()
    expect(ada.get_by_test_id("sharing")).to_be_hidden()
    for page in (bob, late):
        expect(page.get_by_test_id("screen-tile")).to_have_count(0, timeout=JOIN_TIMEOUT_MS)
        expect(page.locator("#tiles")).to_have_attribute("data-layout", "alike")
        sees(page, 2)
    # and once more, over the place in the line that it had
    ada.get_by_test_id("toggle-screen").click()
    shows_screen_of(bob, name)


def test_whoever_thinks_better_of_it_shares_nothing(ada: Page) -> None:
    refuse = "void (MediaDevices.prototype.getDisplayMedia = () => Promise.reject(new DOMException('no', 'NotAllowedError')))"
    ada.evaluate(refuse)
    ada.get_by_test_id("toggle-screen").click()
    expect(ada.get_by_test_id("toggle-screen")).to_have_attribute("aria-busy", "false")
    expect(ada.get_by_test_id("toggle-screen")).to_have_attribute("aria-pressed", "false")
    expect(ada.get_by_test_id("sharing")).to_be_hidden()
    expect(ada.get_by_test_id("banner")).to_have_attribute("data-code", "")
