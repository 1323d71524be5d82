"""A company's own SAML provider, a real one: in Chromium, to the key."""

from collections.abc import Generator

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.axe import is_accessible
from tests.browser.joining import JOIN_TIMEOUT_MS
from tests.saml_provider.running import saml_provider, trust
from tests.scenes import Scene
from tests.stack import Stack

pytestmark = [pytest.mark.browser, pytest.mark.requirement("AUTH-15")]
BY_COMPANY = "Sign in with your company account"


@pytest.fixture(scope="module")
def stack() -> Generator[Stack]:
    running = Stack()
    with saml_provider() as provider:
        trust(running, provider)
        with running:
            yield running


def at_the_company(page: Page, login: str, *, factor: bool = False) -> None:
    expect(page.get_by_role("heading", name="Company sign-in")).to_be_visible()
    page.get_by_label("Login").fill(login)
    if factor:
        page.get_by_label("Second factor").check()
    page.get_by_role("button", name="Go on").click()


def come(context: BrowserContext, url: str, login: str) -> Page:
    page = context.new_page()
    page.goto(url)
    page.get_by_role("button", name=BY_COMPANY).click()
    at_the_company(page, login)
    return page


def account(stack: Stack, email: str) -> tuple | None:
    with stack.connect("trusted") as database:
        row = "SELECT name, can_initiate, can_audit, is_staff FROM authorization_account WHERE email = %s"
        return database.execute(row, (email,)).fetchone()


def counted(stack: Stack) -> tuple | None:
    with stack.connect("trusted") as database:
        query = "SELECT (SELECT count(*) FROM authorization_account), (SELECT count(*) FROM authorization_companylink)"
        return database.execute(query).fetchone()


def test_the_first_sign_in_makes_an_account_with_the_roles_of_its_groups(stack: Stack, profile) -> None:
    page = come(profile(), f"{stack.origins.auth}/", "grace")
    expect(page.get_by_role("heading", name="Grace Hopper")).to_be_visible()
    assert page.url == f"{stack.origins.auth}/"
    assert account(stack, "grace@company.example") == ("Grace Hopper", True, False, False)
    page = come(profile(), f"{stack.origins.core}/", "grace")
    expect(page.get_by_role("link", name="Schedule a conference").first).to_be_visible()


@pytest.mark.parametrize(("login", "words"), [("taker", "account of your address"), ("stranger", "You are not signed in")])
def test_whom_it_does_not_vouch_for_gets_nothing(stack: Stack, profile, login: str, words: str) -> None:
    before = counted(stack)
    page = come(profile(), f"{stack.origins.auth}/", login)
    expect(page.get_by_role("heading", level=1)).to_contain_text(words)
    is_accessible(page, f"refused: {login}")
    page.goto(f"{stack.origins.auth}/")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert counted(stack) == before


def test_an_answer_carried_to_another_browser_signs_nobody_in(stack: Stack, profile) -> None:
    """The thief stops his own browser, posts the form himself, and sends the link to somebody who is about to sign in, too."""
    his, hers = profile(), profile()
    forms: list[bytes] = []

    def catch(route) -> None:
        forms.append(route.request.post_data_buffer)
        route.abort()

    his.route("**/answer", catch)
    page = his.new_page()
    page.goto(f"{stack.origins.auth}/")
    page.get_by_role("button", name=BY_COMPANY).click()
    with page.expect_event("requestfailed"):
        at_the_company(page, "linus")
    with stack.http(stack.origins.auth) as tool:
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        taken = tool.post("/sign-in/saml/works/answer", content=forms[0], headers=kind)
    assert (taken.status_code, taken.headers.get("Set-Cookie")) == (303, None)
    before = counted(stack)
    victim = hers.new_page()
    victim.goto(f"{stack.origins.auth}/")
    victim.get_by_role("button", name=BY_COMPANY).click()
    expect(victim.get_by_role("heading", name="Company sign-in")).to_be_visible()
    victim.goto(f"{stack.origins.auth}{taken.headers['Location']}")
    expect(victim.get_by_role("heading", level=1)).to_contain_text("You are not signed in")
    victim.goto(f"{stack.origins.auth}/")
    expect(victim.get_by_role("heading", name="Sign in")).to_be_visible()
    assert counted(stack) == before


def test_who_is_not_invited_is_denied_like_anybody(stack: Stack, profile) -> None:
    scene = Scene.schedule(stack, sign_in="second_factor")
    page = come(profile(), scene.uri, "linus")
    page.get_by_test_id("join").click()
    expect(page.locator("body")).to_have_attribute("data-code", "denied", timeout=JOIN_TIMEOUT_MS)
    assert scene.audit("key.released") == []
    assert [entry["details"]["reason"] for entry in scene.strangers()][-1] == "not invited"


def test_a_conference_that_asks_for_a_second_factor_leads_through_the_companys_and_back(stack: Stack, profile) -> None:
    scene = Scene.schedule(stack, sign_in="second_factor", title="Board meeting")
    with stack.connect("trusted") as database:
        database.execute(
            "UPDATE conferences_participant SET identity = %s WHERE conference_id = %s AND identity = %s",
            ("grace@company.example", scene.conference_id, stack.accounts("participant")[0]["email"]),
        )
    page = come(profile(), scene.uri, "grace")
    page.get_by_test_id("join").click()
    expect(page.locator("body")).to_have_attribute("data-code", "step_up", timeout=JOIN_TIMEOUT_MS)
    assert [entry["details"]["reason"] for entry in scene.audit("key.denied")] == [
        "signed in as company, demanded is second_factor"
    ]
    assert scene.audit("key.released") == []
    page.locator("#gate-action").click()
    page.get_by_role("link", name="Confirm with your company account").click()
    is_accessible(page, "confirming at the company")
    page.get_by_role("button", name="Go to your company account").click()
    expect(page.get_by_text("Forced: true")).to_be_visible()
    at_the_company(page, "grace", factor=True)
    expect(page.locator("body")).to_have_attribute("data-state", "prejoin", timeout=JOIN_TIMEOUT_MS)
    page.get_by_test_id("join").click()
    expect(page.locator("body")).to_have_attribute("data-state", "in-conference", timeout=JOIN_TIMEOUT_MS)
    [released] = scene.audit("key.released")
    assert released["details"]["identity"] == "grace@company.example"
