"""The story by keyboard alone, from the link of the invitation to the leave: the focus is always somewhere, and can be seen."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.joining import JOIN_TIMEOUT_MS, open_conference, sees, until
from tests.scenes import Scene
from tests.stack import Stack

pytestmark = pytest.mark.browser
MOST_TABS = 40
FOCUSED = "[document.activeElement?.id, document.activeElement?.getAttribute('name'), document.activeElement?.dataset.testid]"
RING = "getComputedStyle(document.activeElement).outlineStyle"
IS_SOMEWHERE = "document.activeElement !== document.body && document.activeElement.checkVisibility()"
# All that is said by live regions, in its order.
LISTEN = """
window.said = [];
addEventListener('DOMContentLoaded', () => {
  for (const region of document.querySelectorAll('[aria-live], [role=status], [role=alert]')) {
    const note = () => region.textContent.trim() && said.push(region.textContent.trim().replace(/\\s+/g, ' '));
    new MutationObserver(note).observe(region, { childList: true, characterData: true, subtree: true });
  }
});
"""


@pytest.fixture
def scene(stack: Stack) -> Scene:
    return Scene.schedule(stack, title="Without a mouse", admission="lobby")


def tab_to(page: Page, name: str) -> None:
    """Press Tab until the element with this id, name or test id has the focus, and see its ring."""
    for _ in range(MOST_TABS):
        if name in page.evaluate(FOCUSED):
            assert page.evaluate(RING) != "none", name
            return
        page.keyboard.press("Tab")
    pytest.fail(f"{name} cannot be reached; the focus is at {page.evaluate(FOCUSED)}")


def press(page: Page, name: str, key: str = "Enter") -> None:
    tab_to(page, name)
    page.keyboard.press(key)


def has_focus(page: Page, name: str) -> None:
    expect(page.locator(f"#{name}")).to_be_focused(timeout=JOIN_TIMEOUT_MS)


def is_told(page: Page, words: str) -> None:
    heard = "(words) => said.some((each) => each.includes(words))"
    until(lambda: page.evaluate(heard, words), f"{words}, in {page.evaluate('said')}")


def is_in(page: Page) -> None:
    expect(page.locator("body")).to_have_attribute("data-state", "in-conference", timeout=JOIN_TIMEOUT_MS)


def is_pressed(page: Page, name: str, pressed: str) -> None:
    expect(page.locator(f"#{name}")).to_have_attribute("aria-pressed", pressed)


def from_the_link_to_the_stage(page: Page, uri: str, account: dict[str, str]) -> None:
    page.goto(uri)
    page.locator("input[name=login]").wait_for()
    tab_to(page, "login")
    page.keyboard.type(account["email"])
    tab_to(page, "password")
    page.keyboard.type(account["password"])
    page.keyboard.press("Enter")
    expect(page.locator("body")).to_have_attribute("data-state", "prejoin", timeout=JOIN_TIMEOUT_MS)
    has_focus(page, "join")
    is_pressed(page, "preview-camera", "true")
    press(page, "preview-camera", "Space")
    is_pressed(page, "preview-camera", "false")
    press(page, "preview-camera", "Space")
    press(page, "join")
    is_in(page)
    has_focus(page, "stage")


def devices(page: Page) -> None:
    press(page, "toggle-mic", "Space")
    is_pressed(page, "toggle-mic", "false")
    page.keyboard.press("Control+d")
    is_pressed(page, "toggle-mic", "true")
    is_told(page, "Your microphone is on")
    page.keyboard.press("Control+e")
    is_pressed(page, "toggle-camera", "false")
    is_told(page, "Your camera is off")
    press(page, "toggle-screen")
    expect(page.get_by_test_id("sharing")).to_be_visible()
    is_told(page, "You share your screen")
    press(page, "stop-sharing")
    expect(page.get_by_test_id("sharing")).to_be_hidden()
    has_focus(page, "toggle-screen")


def panels(page: Page) -> None:
    for opener, panel in (("toggle-people", "people-panel"), ("seal", "code-panel")):
        press(page, opener)
        has_focus(page, panel)
        page.keyboard.press("Escape")
        has_focus(page, opener)
    press(page, "toggle-layout", "Space")
    is_pressed(page, "toggle-layout", "true")


def let_somebody_in_and_remove_him(page: Page, guest: Page) -> None:
    guest.get_by_test_id("join").click()
    is_told(page, "is waiting to be let in")
    press(page, "banner-action")
    has_focus(page, "people-panel")
    press(page, "let-in")
    is_in(guest)
    sees(page, 1)
    assert page.evaluate(IS_SOMEWHERE)
    is_told(page, "joined")
    press(page, "remove")
    expect(page.get_by_test_id("remove-dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("remove-dialog")).to_be_hidden()
    assert "remove" in page.evaluate(FOCUSED)
    page.keyboard.press("Enter")
    press(page, "remove-yes")
    expect(guest.locator("body")).to_have_attribute("data-code", "removed", timeout=JOIN_TIMEOUT_MS)
    is_told(page, "was removed")
    expect(page.get_by_test_id("person")).to_have_count(1)
    assert page.evaluate(IS_SOMEWHERE)
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("people-panel")).to_be_hidden()
    assert page.evaluate(IS_SOMEWHERE)


def test_the_story(scene: Scene, profile) -> None:
    context = profile()
    context.add_init_script(LISTEN)
    page = context.new_page()
    from_the_link_to_the_stage(page, scene.uri, scene.stack.accounts("initiator")[0])
    devices(page)
    panels(page)
    let_somebody_in_and_remove_him(page, open_conference(profile(), scene.uri, scene.stack.accounts("participant")[0]))
    press(page, "leave")
    expect(page.locator("body")).to_have_attribute("data-code", "left")
    has_focus(page, "gate")
    press(page, "gate-action")
    expect(page.locator("body")).to_have_attribute("data-state", "prejoin", timeout=JOIN_TIMEOUT_MS)
    has_focus(page, "join")
    assert scene.audit("endpoint.left")[-1]["details"]["reason"] == "left"
