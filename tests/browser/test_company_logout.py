"""Whoever signs out at his company's provider, a real one, is out of the conference a second later, in Chromium."""

from datetime import datetime
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.joining import JOIN_TIMEOUT_MS
from tests.browser.test_company_sign_in import come, invite
from tests.integration.running_conference import slack
from tests.openid_provider.site import Company
from tests.scenes import Scene
from tests.stack import wait_for

pytestmark = [pytest.mark.browser, pytest.mark.requirement("AUTH-14")]
WITHIN_S = 1.0


def sign_out_at_the_company(page: Page, issuer: str) -> None:
    page.goto(f"{issuer}/session/end")
    page.get_by_role("button", name="Yes, sign me out").click()
    expect(page.get_by_text("Sign-out Success")).to_be_visible()


def seconds_between(earlier: dict[str, Any], later: dict[str, Any]) -> float:
    first, second = (datetime.fromisoformat(entry["at"]) for entry in (earlier, later))
    return (second - first).total_seconds()


def test_signing_out_at_the_company_ends_the_call_and_the_key(company: Company, profile) -> None:
    issuer, stack = company.issuer, company.stack
    scene = Scene.schedule(stack)
    invite(scene, "grace@company.example")
    petra = scene.person("participant", 1).sign_in()
    assert petra.ask_for_key().status_code == 200
    laptop, telephone = profile(), profile()
    page = come(laptop, scene.uri, "grace")
    page.get_by_test_id("join").click()
    expect(page.locator("body")).to_have_attribute("data-state", "in-conference", timeout=JOIN_TIMEOUT_MS)
    core = laptop.new_page()
    core.goto(f"{stack.origins.core}/")
    expect(core.get_by_role("link", name="Schedule a conference").first).to_be_visible()
    elsewhere = come(telephone, f"{stack.origins.auth}/", "grace")  # under another session of the company's
    expect(elsewhere.get_by_role("heading", name="Grace Hopper")).to_be_visible()
    with petra.open_socket() as socket:
        petra.hello(socket)
        petra.hear(socket, "welcome")
        epoch = scene.epochs()[-1][0]
        sign_out_at_the_company(laptop.new_page(), issuer)
        while petra.hear(socket, "rekey", timeout=20)["epoch"] <= epoch:
            pass
    expect(page.locator("body")).not_to_have_attribute("data-state", "in-conference", timeout=JOIN_TIMEOUT_MS)
    revoked, left = (scene.audit(event)[-1] for event in ("authorization.revoked", "endpoint.left"))
    assert (revoked["actor"], revoked["details"]["reason"]) == ("company", "signed out at the company")
    opened = next(entry for entry in scene.audit("epoch.opened") if entry["details"]["epoch"] > epoch)
    took = [seconds_between(revoked, entry) for entry in (left, opened)]
    print(f"  {took} s from the company's word to the end of the stay, and to the next epoch")  # noqa: T201  the figures
    assert max(took) <= WITHIN_S * slack()
    core.reload()
    expect(core.get_by_role("heading", name="Sign in")).to_be_visible()
    elsewhere.reload()
    expect(elsewhere.get_by_role("heading", name="Grace Hopper")).to_be_visible()
    wait_for(lambda: scene.epochs()[-1][0] > epoch, "another epoch")
