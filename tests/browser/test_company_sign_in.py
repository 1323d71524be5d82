"""A company's own OpenID Connect provider, a real one, and guests by mail: in Chromium, to the key."""

import json

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.axe import is_accessible
from tests.browser.joining import JOIN_TIMEOUT_MS
from tests.browser.mailbox import codes_to, show_mailbox
from tests.openid_provider.site import Company
from tests.scenes import Scene
from tests.stack import Stack, wait_for

pytestmark = pytest.mark.browser
BY_COMPANY = "Sign in with your company account"


@pytest.fixture(scope="module")
def stack(company: Company) -> Stack:
    return company.stack


def at_the_company(page: Page, login: str, *, factor: bool = False) -> None:
    expect(page.get_by_role("heading", name="Company sign-in")).to_be_visible()
    page.get_by_label("Login").fill(login)
    if factor:
        page.get_by_label("Second factor").check()
    page.get_by_role("button", name="Go on").click()


def come(context: BrowserContext, url: str, login: str, *, factor: bool = False) -> Page:
    page = context.new_page()
    page.goto(url)
    page.get_by_role("button", name=BY_COMPANY).click()
    at_the_company(page, login, factor=factor)
    return page


def account(stack: Stack, email: str) -> tuple | None:
    with stack.connect("trusted") as database:
        row = "SELECT name, can_initiate, can_audit, is_staff FROM authorization_account WHERE email = %s"
        return database.execute(row, (email,)).fetchone()


def invite(scene: Scene, email: str) -> None:
    with scene.stack.connect("trusted") as database:
        database.execute(
            "UPDATE conferences_participant SET identity = %s WHERE conference_id = %s AND identity = %s",
            (email, scene.conference_id, scene.stack.accounts("participant")[0]["email"]),
        )


def test_the_first_sign_in_makes_an_account_with_the_roles_of_its_groups(stack: Stack, profile) -> None:
    page = come(profile(), f"{stack.origins.auth}/", "grace")
    expect(page.get_by_role("heading", name="Grace Hopper")).to_be_visible()
    assert account(stack, "grace@company.example") == ("Grace Hopper", True, False, False)
    page.get_by_role("link", name="Add a passkey").click()
    show_mailbox(page, stack, "grace@company.example")  # no password is asked for: she signed in just now
    expect(page.get_by_role("heading", name="Add a passkey")).to_be_visible()
    page = come(profile(), f"{stack.origins.core}/", "grace")
    expect(page.get_by_role("link", name="Schedule a conference").first).to_be_visible()


@pytest.mark.parametrize(
    ("login", "words", "reason"),
    [
        ("taker", "account of your address", "an account of this address is not linked"),
        ("mallory", "have no account", "address of a domain that gets no account"),
        ("vague", "have no account", "provider vouches for no address"),
    ],
)
def test_an_address_alone_opens_no_account(stack: Stack, profile, login: str, words: str, reason: str) -> None:
    with stack.connect("trusted") as database:
        before = database.execute("SELECT count(*) FROM authorization_account").fetchone()
    page = come(profile(), f"{stack.origins.auth}/", login)
    expect(page.get_by_role("heading", level=1)).to_contain_text(words)
    is_accessible(page, f"refused: {login}")
    page.goto(f"{stack.origins.auth}/")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    with stack.connect("trusted") as database:
        assert database.execute("SELECT count(*) FROM authorization_account").fetchone() == before
        links = database.execute("SELECT count(*) FROM authorization_companylink WHERE subject = %s", (login,)).fetchone()
        [(body,)] = database.execute(
            "SELECT body FROM conferences_auditentry WHERE event = 'account.sign_in_refused' ORDER BY id DESC LIMIT 1"
        ).fetchall()
    assert links == (0,)
    assert json.loads(body)["details"]["reason"] == reason


def test_who_is_not_invited_is_denied_like_anybody(stack: Stack, profile) -> None:
    scene = Scene.schedule(stack, sign_in="second_factor")
    page = come(profile(), scene.uri, "linus")
    page.get_by_test_id("join").click()
    expect(page.locator("body")).to_have_attribute("data-code", "denied", timeout=JOIN_TIMEOUT_MS)
    assert scene.audit("key.released") == []
    assert [entry["details"]["reason"] for entry in scene.strangers()][-1] == "not invited"


def test_a_conference_that_asks_for_a_second_factor_leads_through_the_companys_and_back(stack: Stack, profile) -> None:
    scene = Scene.schedule(stack, sign_in="second_factor", title="Board meeting")
    invite(scene, "grace@company.example")
    page = come(profile(), scene.uri, "grace")
    page.get_by_test_id("join").click()
    expect(page.locator("body")).to_have_attribute("data-code", "step_up", timeout=JOIN_TIMEOUT_MS)
    assert [entry["details"]["reason"] for entry in scene.audit("key.denied")] == [
        "signed in as company, demanded is second_factor"
    ]
    assert scene.audit("key.released") == []
    page.get_by_test_id("gate-action").or_(page.locator("#gate-action")).click()
    expect(page.get_by_role("heading", name="asks for a second factor")).to_be_visible()
    is_accessible(page, "second factor needed")
    page.get_by_role("link", name="Confirm with your company account").click()
    is_accessible(page, "confirming at the company")
    page.get_by_role("button", name="Go to your company account").click()
    at_the_company(page, "grace", factor=True)
    expect(page.locator("body")).to_have_attribute("data-state", "prejoin", timeout=JOIN_TIMEOUT_MS)
    page.get_by_test_id("join").click()
    expect(page.locator("body")).to_have_attribute("data-state", "in-conference", timeout=JOIN_TIMEOUT_MS)
    [released] = scene.audit("key.released")
    assert released["details"]["identity"] == "grace@company.example"


def test_a_guest_gets_in_by_a_code_in_his_mail(stack: Stack, profile) -> None:
    scene = Scene.schedule(stack, title="With a guest")
    invite(scene, "guest@elsewhere.example")
    page = profile().new_page()
    page.goto(scene.uri)
    page.get_by_role("link", name="Get a code by mail").click()
    is_accessible(page, "asking for a code")
    page.get_by_label("E-mail address").fill("Guest@Elsewhere.example")
    page.get_by_label("E-mail address").press("Enter")
    expect(page.get_by_role("heading", name="Look into your mail")).to_be_visible()
    is_accessible(page, "typing a code")
    page.get_by_label("Code").fill("0000 0000")
    page.get_by_label("Code").press("Enter")
    expect(page.locator("#code-error")).to_be_visible()
    wait_for(lambda: bool(codes_to(stack, "guest@elsewhere.example")), "the mail with the code")
    page.get_by_label("Code").fill(codes_to(stack, "guest@elsewhere.example")[-1])
    page.get_by_label("Code").press("Enter")
    expect(page.locator("body")).to_have_attribute("data-state", "prejoin", timeout=JOIN_TIMEOUT_MS)
    page.get_by_test_id("join").click()
    expect(page.locator("body")).to_have_attribute("data-state", "in-conference", timeout=JOIN_TIMEOUT_MS)
    assert account(stack, "guest@elsewhere.example") == ("guest@elsewhere.example", False, False, False)
    page.goto(f"{stack.origins.auth}/")
    expect(page.get_by_role("heading", name="guest@elsewhere.example")).to_be_visible()
    expect(page.get_by_role("heading", name="How you sign in")).to_have_count(0)
