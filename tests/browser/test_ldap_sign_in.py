"""A company's own LDAP directory, a real one: in Chromium, from its password to the key."""

from collections.abc import Generator

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.axe import is_accessible
from tests.browser.joining import JOIN_TIMEOUT_MS
from tests.browser.test_company_sign_in import account, invite
from tests.scenes import Scene
from tests.simulators.ldap_server import PASSWORD, SERVICE, SERVICE_PASSWORD, SUFFIX, ldap_server
from tests.stack import Stack

pytestmark = [pytest.mark.browser, pytest.mark.requirement("AUTH-16")]
CONFIGURATION = f"""
methods = ["password", "ldap", "totp", "passkey", "recovery_code"]

[[ldap]]
name = "staff"
words = "your company password"
url = "ldap://127.0.0.1:{{port}}"
organisation = "demo"
bind_dn = "{SERVICE}"
base = "ou=people,{SUFFIX}"
group_base = "ou=groups,{SUFFIX}"
domains = ["company.example"]
roles.initiator = ["cn=hosts,ou=groups,{SUFFIX}"]
"""


@pytest.fixture(scope="module")
def stack() -> Generator[Stack]:
    running = Stack()
    with ldap_server() as directory:
        running.state.make_directories()
        (running.state.root / "trusted/sign-in.toml").write_text(CONFIGURATION.format(port=directory.port))
        secret = running.state.root / "trusted/secrets/ldap-staff"
        secret.write_text(SERVICE_PASSWORD)
        secret.chmod(0o600)
        with running:
            yield running


def come(context: BrowserContext, url: str, login: str) -> Page:
    page = context.new_page()
    page.goto(url)
    page.get_by_role("link", name="Sign in with your company password").click()
    page.get_by_label("User name or e-mail address").fill(login)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("Password", exact=True).press("Enter")
    return page


def test_who_is_invited_comes_in_with_the_directorys_password(stack: Stack, profile) -> None:
    scene = Scene.schedule(stack, sign_in="company")
    invite(scene, "grace@company.example")
    page = come(profile(), scene.uri, "grace")
    expect(page.locator("body")).to_have_attribute("data-state", "prejoin", timeout=JOIN_TIMEOUT_MS)
    page.get_by_test_id("join").click()
    expect(page.locator("body")).to_have_attribute("data-state", "in-conference", timeout=JOIN_TIMEOUT_MS)
    [released] = scene.audit("key.released")
    assert released["details"]["identity"] == "grace@company.example"
    assert account(stack, "grace@company.example") == ("Grace Hopper", True, False, False)
    assert PASSWORD not in stack.log("trusted")
    assert SERVICE_PASSWORD not in stack.log("trusted")


def test_who_is_not_invited_is_denied_like_anybody_and_a_wrong_password_opens_nothing(stack: Stack, profile) -> None:
    scene = Scene.schedule(stack)
    page = profile().new_page()
    page.goto(scene.uri)
    page.get_by_role("link", name="Sign in with your company password").click()
    is_accessible(page, "the directory's form")
    page.get_by_label("User name or e-mail address").fill("linus")
    page.get_by_label("Password", exact=True).fill("wrong")
    page.get_by_label("Password", exact=True).press("Enter")
    expect(page.locator("#password-error")).to_be_visible()
    is_accessible(page, "a wrong password of the directory")
    assert account(stack, "linus@company.example") is None
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("Password", exact=True).press("Enter")
    page.get_by_test_id("join").click()
    expect(page.locator("body")).to_have_attribute("data-code", "denied", timeout=JOIN_TIMEOUT_MS)
    assert scene.audit("key.released") == []
    assert [entry["details"]["reason"] for entry in scene.strangers()][-1] == "not invited"
