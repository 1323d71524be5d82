"""Passkeys, apps and recovery codes in Chromium, as people use them: by keyboard, with the browser's own authenticator."""

import time
from collections.abc import Iterator

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from playwright.sync_api import BrowserContext, CDPSession, Page, expect

from tests.browser.axe import is_accessible
from tests.browser.joining import sign_in
from tests.browser.mailbox import show_mailbox
from tests.stack import Stack

pytestmark = pytest.mark.browser
AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


class Passkeys:
    """Chromium's virtual authenticator in one page."""

    def __init__(self, page: Page) -> None:
        self.line: CDPSession = page.context.new_cdp_session(page)
        self.line.send("WebAuthn.enable")
        self.id = self.line.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})["authenticatorId"]

    def held(self) -> list[dict]:
        return self.line.send("WebAuthn.getCredentials", {"authenticatorId": self.id})["credentials"]

    def owner_is_there(self, *, verified: bool) -> None:
        self.line.send("WebAuthn.setUserVerified", {"authenticatorId": self.id, "isUserVerified": verified})


@pytest.fixture
def page(stack: Stack, profile) -> Iterator[Page]:
    """The account page of somebody who signed in with a password."""
    context: BrowserContext = profile(viewport={"width": 1000, "height": 1000})
    page = context.new_page()
    page.goto(f"{stack.origins.auth}/")
    sign_in(page, stack.accounts("participant")[0])
    expect(page.get_by_role("heading", name="How you sign in")).to_be_visible()
    yield page
    with stack.connect("trusted") as database:
        database.execute("DELETE FROM mfa_authenticator")


def confirm(page: Page, account: dict[str, str]) -> None:
    page.locator("#id_password").fill(account["password"])
    page.locator("#id_password").press("Enter")


def test_a_passkey_is_added_and_signs_in_alone(stack: Stack, page: Page) -> None:
    account = stack.accounts("participant")[0]
    passkeys = Passkeys(page)
    is_accessible(page, "account page")
    page.get_by_role("link", name="Add a passkey").press("Enter")
    confirm(page, account)
    show_mailbox(page, stack, account["email"])
    expect(page.get_by_role("heading", name="Add a passkey")).to_be_visible()
    is_accessible(page, "adding a passkey")
    page.locator("#id_name").fill("Laptop")
    page.locator("#id_name").press("Enter")
    expect(page.get_by_role("heading", name="Before you go on")).to_be_visible()
    is_accessible(page, "before the recovery codes")
    page.get_by_role("button", name="Show me a list").press("Enter")
    expect(page.get_by_test_id("recovery-codes").locator("li")).to_have_count(10)
    is_accessible(page, "recovery codes")
    page.get_by_role("link", name="I have written them down").click()
    expect(page.get_by_test_id("factors")).to_contain_text("Laptop")
    [credential] = passkeys.held()
    assert credential["rpId"] == "auth.localhost"
    assert credential["isResidentCredential"]

    page.get_by_role("link", name="Sign out").click()
    page.get_by_role("button", name="Sign out").press("Enter")
    expect(page.get_by_text("You are signed out")).to_be_visible()
    is_accessible(page, "sign-in page")
    passkeys.owner_is_there(verified=False)
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_text("did not sign you in")).to_be_visible()
    passkeys.owner_is_there(verified=True)
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_test_id("factors")).to_contain_text("last used")

    page.get_by_role("link", name="Remove").click()
    expect(page.get_by_role("heading", name="Confirm it is you")).to_be_visible()
    is_accessible(page, "confirming")
    page.get_by_role("link", name="Use a passkey instead").click()
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_text("Remove the passkey “Laptop”?")).to_be_visible()
    is_accessible(page, "removing a passkey")
    page.get_by_role("button", name="Remove").click()
    expect(page.get_by_text("With one factor alone")).to_be_visible()


def code(secret: str, ahead: int = 0) -> str:
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30 + ahead))


def test_an_app_is_added_and_asked_after_the_password(stack: Stack, page: Page) -> None:
    account = stack.accounts("participant")[0]
    page.get_by_role("link", name="Add an authenticator app").click()
    confirm(page, account)
    show_mailbox(page, stack, account["email"])
    secret = page.get_by_test_id("secret").inner_text().replace(" ", "")
    assert page.locator("img").evaluate("(image) => image.complete && image.naturalWidth > 0")
    is_accessible(page, "adding an app")
    page.locator("#id_code").fill("000000")
    page.locator("#id_code").press("Enter")
    expect(page.locator("#code-error")).to_be_visible()
    assert page.get_by_test_id("secret").inner_text().replace(" ", "") == secret
    page.locator("#id_code").fill(code(secret, -1))
    page.locator("#id_code").press("Enter")
    page.get_by_role("link", name="Not now").click()
    expect(page.get_by_test_id("factors")).to_contain_text("Authenticator app")

    page.goto(f"{stack.origins.auth}/sign-out")
    page.get_by_role("button", name="Sign out").press("Enter")
    sign_in(page, account)
    expect(page.get_by_role("heading", name="One more step")).to_be_visible()
    is_accessible(page, "second step")
    page.locator("#id_code").fill(code(secret))
    page.locator("#id_code").press("Enter")
    expect(page.get_by_role("heading", name="How you sign in")).to_be_visible()
