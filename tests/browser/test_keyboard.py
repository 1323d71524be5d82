"""The story by keyboard alone: sign in, choose, join, look at who is here and at the code, share, leave."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.joining import JOIN_TIMEOUT_MS, join, sees
from tests.scenes import Scene
from tests.stack import Stack

pytestmark = pytest.mark.browser
MOST_TABS = 40
FOCUSED = "[document.activeElement?.id, document.activeElement?.getAttribute('name')]"
RING = "getComputedStyle(document.activeElement).outlineStyle"


@pytest.fixture
def scene(stack: Stack) -> Scene:
    return Scene.schedule(stack, title="Without a mouse")


def tab_to(page: Page, name: str) -> None:
    """Press Tab until the element with this id or name has the focus, and see its ring."""
    for _ in range(MOST_TABS):
        if name in page.evaluate(FOCUSED):
            assert page.evaluate(RING) != "none"
            return
        page.keyboard.press("Tab")
    pytest.fail(f"{name} cannot be reached; the focus is at {page.evaluate(FOCUSED)}")


def press(page: Page, name: str, key: str = "Enter") -> None:
    tab_to(page, name)
    page.keyboard.press(key)


def test_the_story(scene: Scene, profile) -> None:
    ada, bob = scene.stack.accounts("participant")[:2]
    other = join(profile(), scene.uri, bob)
    page = profile().new_page()
    page.goto(scene.uri)
    page.locator("input[name=login]").wait_for()
    tab_to(page, "login")
    page.keyboard.type(ada["email"])
    tab_to(page, "password")
    page.keyboard.type(ada["password"])
    page.keyboard.press("Enter")
    expect(page.locator("body")).to_have_attribute("data-state", "prejoin", timeout=JOIN_TIMEOUT_MS)
    assert "join" in page.evaluate(FOCUSED)
    press(page, "preview-camera", "Space")
    expect(page.get_by_test_id("prejoin-camera")).to_have_attribute("aria-pressed", "false")
    press(page, "preview-camera", "Space")
    expect(page.get_by_test_id("prejoin-camera")).to_have_attribute("aria-pressed", "true")
    press(page, "join")
    expect(page.locator("body")).to_have_attribute("data-state", "in-conference", timeout=JOIN_TIMEOUT_MS)
    sees(page, 1)
    sees(other, 1)

    press(page, "toggle-people")
    expect(page.get_by_test_id("people-panel")).to_be_focused()
    page.keyboard.press("Escape")
    assert "toggle-people" in page.evaluate(FOCUSED)
    press(page, "seal")
    expect(page.get_by_test_id("code-panel")).to_be_focused()
    page.keyboard.press("Escape")
    assert "seal" in page.evaluate(FOCUSED)
    press(page, "toggle-layout", "Space")
    expect(page.get_by_test_id("toggle-layout")).to_have_attribute("aria-pressed", "true")
    press(page, "toggle-mic", "Space")
    expect(page.get_by_test_id("toggle-mic")).to_have_attribute("aria-pressed", "false")
    page.keyboard.press("Control+d")
    expect(page.get_by_test_id("toggle-mic")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("Control+e")
    expect(page.get_by_test_id("toggle-camera")).to_have_attribute("aria-pressed", "false")
    press(page, "toggle-screen")
    expect(page.get_by_test_id("sharing")).to_be_visible()
    press(page, "stop-sharing")
    expect(page.get_by_test_id("sharing")).to_be_hidden()
    assert "toggle-screen" in page.evaluate(FOCUSED)
    press(page, "leave")
    expect(page.locator("body")).to_have_attribute("data-state", "ended")
    press(page, "gate-action")
    expect(page.locator("body")).to_have_attribute("data-state", "prejoin", timeout=JOIN_TIMEOUT_MS)
    sees(other, 0)
