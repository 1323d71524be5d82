"""axe-core on the pages of the core application and of the Authorization Module, in light and dark: no violation."""

import re

import pytest
from playwright.sync_api import BrowserContext, Page

from tests.browser.axe import SCHEMES, is_accessible
from tests.browser.joining import sign_in
from tests.scenes import Scene
from tests.stack import Stack

pytestmark = pytest.mark.browser
ONE = "/conferences/{id}"
CORE: dict[str, tuple[str, ...]] = {
    # the last two: no such conference, and a page that is not for initiators
    "initiator": (
        "/",
        "/conferences/new",
        ONE,
        f"{ONE}/end",
        f"{ONE}/withdraw/{{participant}}",
        "/conferences/AAAAAAAAAAAAAAAAAAAAAA",
        "/audit",
    ),
    "auditor": ("/audit", f"{ONE}/audit", "/audit/search", "/audit/search?q=key"),
}
AUTH = ("/", "/confirm", "/sign-out", "/inactive", "/authorize", "/accounts", "/rooms", "/room-code", "/second-factor/mail")


@pytest.fixture
def scene(stack: Stack) -> Scene:
    return Scene.schedule(stack, title="Accessible to all")


def enter(context: BrowserContext, stack: Stack, role: str) -> Page:
    page = context.new_page()
    page.goto(stack.origins.core + "/")
    sign_in(page, stack.accounts(role)[0])
    page.wait_for_url(stack.origins.core + "/**")
    return page


def holds(page: Page, url: str) -> None:
    page.goto(url)
    assert page.locator("h1").count() == 1, url
    is_accessible(page, url)


def a_participant(scene: Scene) -> int:
    with scene.stack.connect("trusted") as database:
        found = "SELECT min(id) FROM conferences_participant WHERE conference_id = %s AND role = 'participant'"
        row = database.execute(found, (scene.conference_id,)).fetchone()
    assert row is not None
    return int(row[0])


@pytest.mark.parametrize(("role", "paths"), CORE.items(), ids=CORE.keys())
def test_core_application(scene: Scene, profile, role: str, paths: tuple[str, ...]) -> None:
    page = enter(profile(), scene.stack, role)
    names = {"id": scene.conference_id, "participant": a_participant(scene)}
    for path in paths:
        holds(page, scene.stack.origins.core + path.format(**names))


def test_a_form_with_errors(scene: Scene, profile) -> None:
    page = enter(profile(), scene.stack, "initiator")
    page.goto(f"{scene.stack.origins.core}/conferences/new")
    page.get_by_role("button", name="Schedule and invite").click()
    page.locator(".field__error").first.wait_for()
    is_accessible(page, "a form with errors")


def test_the_page_that_asks_whether_to_invite(scene: Scene, profile) -> None:
    page = enter(profile(), scene.stack, "initiator")
    page.goto(scene.stack.origins.core + ONE.format(id=scene.conference_id))
    page.locator("#address").fill("dora@weaver.example")
    page.get_by_role("button", name="Invite").click()
    page.get_by_test_id("identity").wait_for()
    is_accessible(page, "asked whether to invite")
    page.get_by_role("button", name="Invite", exact=True).click()
    page.locator("#meant-error").wait_for()
    is_accessible(page, "asked, and not confirmed")


def test_authorization_module(scene: Scene, profile) -> None:
    page = enter(profile(), scene.stack, "admin")
    for path in AUTH:
        holds(page, scene.stack.origins.auth + path)
    page.goto(scene.stack.origins.auth + "/accounts")
    page.locator("main a[href*='/accounts/']").first.click()
    page.wait_for_url(re.compile(r"/accounts/.+"))
    is_accessible(page, "one account")


def test_switching_an_account_off_and_on_by_keyboard(scene: Scene, profile) -> None:
    """Found, switched off, and on again without a mouse; each page and each word of refusal without a violation."""
    stack = scene.stack
    page = enter(profile(), stack, "admin")
    page.goto(stack.origins.auth + "/accounts")
    page.get_by_label("Name or address").press_sequentially("priya")
    page.keyboard.press("Enter")
    page.get_by_text("1 account with").wait_for()
    is_accessible(page, "accounts that were found")
    page.get_by_role("link", name="Priya Patel").press("Enter")
    try:
        page.get_by_role("button", name="Switch the account off").press("Enter")
        page.get_by_text("Tick the box if you mean it.").wait_for()
        is_accessible(page, "not meant")
        page.get_by_label("I want Priya Patel out of everything").press("Space")
        page.keyboard.press("Enter")
        page.get_by_text("It is signed out everywhere").wait_for()
        is_accessible(page, "switched off")
        page.get_by_role("button", name="Switch the account on").press("Enter")
        page.get_by_text("Its owner signs in anew").wait_for()
    finally:
        stack.manage("account", "on", "priya@demo.example")


def test_pages_are_in_both_schemes(scene: Scene, profile) -> None:
    """Light and dark are two pictures: else the tests looked at one of them twice."""
    page = profile().new_page()
    page.goto(scene.stack.origins.core + "/")
    grounds = set()
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        grounds.add(page.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert len(grounds) == len(SCHEMES)
