"""axe-core on every state of the endpoint page and on the core application's pages, in light and dark: no violation."""

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.axe import SCHEMES, is_accessible, scrolls_sideways
from tests.browser.joining import JOIN_TIMEOUT_MS, join, open_conference, sees, sign_in, until
from tests.scenes import Scene
from tests.stack import Stack

pytestmark = pytest.mark.browser
# A phone's width, and what is left of a small window that was enlarged to 200 % (and to 400 %) of 1280 by 1024.
NARROW = ({"width": 320, "height": 640}, {"width": 640, "height": 512}, {"width": 320, "height": 256})
FULL = {"width": 1280, "height": 800}


@pytest.fixture
def scene(stack: Stack) -> Scene:
    return Scene.schedule(stack, title="Accessible to all", admission="lobby")


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


def test_lobby_and_conference(scene: Scene, profile) -> None:
    host = join(profile(), scene.uri, scene.stack.accounts("initiator")[0])
    holds(host, "alone")
    guest = open_conference(profile(), scene.uri, scene.stack.accounts("participant")[0])
    guest.get_by_test_id("join").click()
    shown(guest, "waiting")
    holds(guest, "waiting")
    host.get_by_test_id("toggle-people").click()
    expect(host.get_by_test_id("waiting-person")).to_be_visible()
    holds(host, "somebody waits")
    host.get_by_test_id("let-in").click()
    shown(guest, "in-conference")
    sees(host, 1)
    holds(host, "people")
    host.get_by_test_id("toggle-code").click()
    holds(host, "encryption")
    host.get_by_test_id("toggle-code").click()
    holds(host, "two")
    host.get_by_test_id("toggle-layout").click()
    holds(host, "speaker view")
    guest.get_by_test_id("toggle-screen").click()
    expect(host.get_by_test_id("screen-tile")).to_have_attribute("data-decrypting", "true", timeout=JOIN_TIMEOUT_MS)
    holds(host, "a screen is shown")
    holds(guest, "a screen is shared")
    for device in ("mic", "camera"):
        guest.get_by_test_id(f"toggle-{device}").click()
    holds(guest, "devices are off")
    host.get_by_test_id("toggle-people").click()
    host.get_by_test_id("remove").locator("visible=true").click()
    holds(host, "removing")
    host.get_by_test_id("remove-yes").click()
    shown(guest, "ended", "removed")
    holds(guest, "removed")
    host.get_by_test_id("leave").click()
    shown(host, "ended", "left")
    holds(host, "left")


def enter(context: BrowserContext, stack: Stack, role: str) -> Page:
    page = context.new_page()
    page.goto(stack.origins.core + "/")
    sign_in(page, stack.accounts(role)[0])
    page.wait_for_url(stack.origins.core + "/**")
    return page


@pytest.mark.parametrize(
    ("role", "paths"),
    [
        ("initiator", ("/", "/conferences/new", "/conferences/{id}", "/conferences/{id}/end")),
        ("auditor", ("/audit", "/conferences/{id}/audit", "/audit/search", "/audit/search?q=key")),
    ],
)
def test_core_application(scene: Scene, profile, role: str, paths: tuple[str, ...]) -> None:
    page = enter(profile(), scene.stack, role)
    for path in paths:
        page.goto(scene.stack.origins.core + path.format(id=scene.conference_id))
        holds(page, path)
    if role == "initiator":
        page.goto(f"{scene.stack.origins.core}/conferences/new")
        page.get_by_role("button", name="Schedule and invite").click()
        holds(page, "a form with errors")


def test_pages_are_in_both_schemes(scene: Scene, profile) -> None:
    """Light and dark are two pictures: else the tests above looked at one of them twice."""
    page = profile().new_page()
    page.goto(scene.stack.origins.core + "/")
    grounds = set()
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        grounds.add(page.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert len(grounds) == len(SCHEMES)
