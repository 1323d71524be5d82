"""Grid and speaker view, and what is seen of others' microphones and cameras: only what arrives unlocked counts."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.joining import JOIN_TIMEOUT_MS, join, sees
from tests.browser.pictures import picture
from tests.scenes import Scene
from tests.stack import Stack

pytestmark = pytest.mark.browser


@pytest.fixture
def scene(stack: Stack) -> Scene:
    return Scene.schedule(stack, title="Layouts")


@pytest.fixture
def pages(scene: Scene, profile) -> list[Page]:
    accounts = [*scene.stack.accounts("participant")[:2], *scene.stack.accounts("initiator")[:1]]
    pages = [join(profile(), scene.uri, account) for account in accounts]
    for page in pages:
        sees(page, 2)
    return pages


def own_source(page: Page) -> str:
    return page.get_by_test_id("own-tile").get_attribute("data-source-id") or ""


def test_speaker_view_follows_the_voice_and_is_kept(pages: list[Page]) -> None:
    ada, bob, carol = pages
    bob.get_by_test_id("toggle-mic").click()
    ada.get_by_test_id("toggle-layout").click()
    expect(ada.get_by_test_id("toggle-layout")).to_have_attribute("aria-pressed", "true")
    large = ada.locator('[data-testid=tile][data-large="true"]')
    expect(large).to_have_attribute("data-source-id", own_source(carol), timeout=JOIN_TIMEOUT_MS)
    carol.get_by_test_id("toggle-mic").click()
    bob.get_by_test_id("toggle-mic").click()
    expect(large).to_have_attribute("data-source-id", own_source(bob), timeout=JOIN_TIMEOUT_MS)
    picture(ada, "speaker-view")
    assert large.bounding_box()["width"] > 2 * ada.get_by_test_id("own-tile").bounding_box()["width"]

    ada.get_by_test_id("leave").click()
    expect(ada.locator("body")).to_have_attribute("data-state", "ended")
    ada.get_by_test_id("gate-action").click()
    expect(ada.locator("body")).to_have_attribute("data-state", "prejoin", timeout=JOIN_TIMEOUT_MS)
    ada.get_by_test_id("join").click()
    expect(ada.get_by_test_id("toggle-layout")).to_have_attribute("aria-pressed", "true", timeout=JOIN_TIMEOUT_MS)
    expect(ada.locator("#tiles")).to_have_attribute("data-layout", "large")
    ada.get_by_test_id("toggle-layout").click()
    expect(ada.locator("#tiles")).to_have_attribute("data-layout", "alike")


def test_others_see_that_sound_and_picture_are_off(pages: list[Page]) -> None:
    ada, bob, _carol = pages
    tile = ada.locator(f'[data-testid=tile][data-source-id="{own_source(bob)}"]')
    expect(tile).to_have_attribute("data-video", "on", timeout=JOIN_TIMEOUT_MS)
    expect(tile.get_by_test_id("tile-muted")).to_be_hidden(timeout=JOIN_TIMEOUT_MS)
    bob.get_by_test_id("toggle-mic").click()
    expect(tile.get_by_test_id("tile-muted")).to_be_visible(timeout=JOIN_TIMEOUT_MS)
    expect(tile).to_have_attribute("data-video", "on")
    bob.get_by_test_id("toggle-camera").click()
    expect(tile).to_have_attribute("data-video", "off", timeout=JOIN_TIMEOUT_MS)
    expect(tile).to_have_attribute("data-lock", "silent", timeout=JOIN_TIMEOUT_MS)
    bob.get_by_test_id("toggle-mic").click()
    expect(tile.get_by_test_id("tile-muted")).to_be_hidden(timeout=JOIN_TIMEOUT_MS)
    expect(tile).to_have_attribute("data-lock", "encrypted")
