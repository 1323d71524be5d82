"""axe-core on sign-in and on the endpoint page before a conference, in light and dark, wide and narrow: no violation."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.axe import is_accessible, scrolls_sideways
from tests.browser.joining import JOIN_TIMEOUT_MS, sign_in, until
from tests.scenes import Scene
from tests.stack import Stack

pytestmark = pytest.mark.browser
# A phone's width, and what is left of a small window that was enlarged to 200 % (and to 400 %) of 1280 by 1024.
NARROW = ({"width": 320, "height": 640}, {"width": 640, "height": 512}, {"width": 320, "height": 256})
FULL = {"width": 1280, "height": 800}


@pytest.fixture
def scene(stack: Stack) -> Scene:
    return Scene.schedule(stack, title="Accessible to all")


def is_narrow_enough(page: Page, state: str) -> None:
    for size in NARROW:
        page.set_viewport_size(size)
        until(lambda: not scrolls_sideways(page), f"{state} to fit into {size}", 5)
    page.set_viewport_size(FULL)


def holds(page: Page, state: str) -> None:
    is_accessible(page, state)
    is_narrow_enough(page, state)


def shown(page: Page, state: str, code: str = "") -> None:
    expect(page.locator("body")).to_have_attribute("data-state", state, timeout=JOIN_TIMEOUT_MS)
    if code:
        expect(page.locator("body")).to_have_attribute("data-code", code, timeout=JOIN_TIMEOUT_MS)


def test_a_browser_that_cannot(scene: Scene, profile) -> None:
    context = profile()
    context.add_init_script("delete window.RTCRtpScriptTransform")
    page = context.new_page()
    page.goto(scene.uri)
    shown(page, "ended", "browser")
    page.locator("summary").first.click()
    holds(page, "browser")


def test_sign_in_and_join_screen(scene: Scene, profile) -> None:
    context = profile()
    page = context.new_page()
    page.goto(scene.uri)
    page.locator("input[name=login]").wait_for()
    holds(page, "sign-in")
    sign_in(page, scene.stack.accounts("participant")[0] | {"password": "wrong"})
    page.locator("input[name=login]").wait_for()
    holds(page, "sign-in refused")
    sign_in(page, scene.stack.accounts("participant")[0])
    shown(page, "prejoin")
    expect(page.get_by_test_id("prejoin-camera")).to_have_attribute("aria-pressed", "true")
    holds(page, "join screen")
    page.get_by_test_id("prejoin-camera").click()
    page.evaluate("void (MediaDevices.prototype.getUserMedia = () => Promise.reject(new DOMException('no', 'NotAllowedError')))")
    page.get_by_test_id("prejoin-camera").click()
    page.get_by_test_id("prejoin-help").locator("summary").click()
    holds(page, "join screen, blocked")
