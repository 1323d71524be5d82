"""The initiator at the door: lobby, lock and removal as people see them, with real keys behind each word."""

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.joining import JOIN_TIMEOUT_MS, join, open_conference, sees, until
from tests.scenes import Scene
from tests.stack import Stack

pytestmark = pytest.mark.browser


@pytest.fixture
def scene(stack: Stack) -> Scene:
    return Scene.schedule(stack, admission="lobby", title="Board meeting")


@pytest.fixture
def host(scene: Scene, profile) -> Page:
    page = join(profile(), scene.uri, scene.stack.accounts("initiator")[0])
    page.get_by_test_id("toggle-people").click()
    return page


@pytest.fixture
def guest(scene: Scene, profile) -> Page:
    """Somebody who asked to come in."""
    return knocks(profile(), scene)


def knocks(context: BrowserContext, scene: Scene) -> Page:
    page = open_conference(context, scene.uri, scene.stack.accounts("participant")[0])
    page.get_by_test_id("join").click()
    expect(page.locator("body")).to_have_attribute("data-state", "waiting", timeout=JOIN_TIMEOUT_MS)
    return page


def is_in(page: Page) -> None:
    expect(page.locator("body")).to_have_attribute("data-state", "in-conference", timeout=JOIN_TIMEOUT_MS)


def says(page: Page, code: str) -> None:
    expect(page.locator("body")).to_have_attribute("data-code", code, timeout=JOIN_TIMEOUT_MS)


def test_who_waits_is_let_in_and_put_out_again(scene: Scene, host: Page, guest: Page) -> None:
    identity = scene.stack.accounts("participant")[0]["email"]
    expect(guest.get_by_test_id("gate-title")).to_have_text("Waiting to be let in")
    expect(guest.get_by_test_id("gate-text")).to_contain_text("sees your name as")
    waiting = host.get_by_test_id("waiting-person")
    expect(waiting.locator(".person__identity")).to_have_text(identity)
    expect(waiting.locator(".person__how")).to_contain_text("Verified by password")
    assert len(scene.epochs()) == 1
    assert not scene.audit("key.released")[1:]

    host.get_by_test_id("let-in").click()
    is_in(guest)
    sees(host, 1)
    sees(guest, 1)
    expect(host.get_by_test_id("waiting-person")).to_have_count(0)
    guest.get_by_test_id("toggle-people").click()
    expect(guest.get_by_test_id("people")).to_contain_text("let in by")
    expect(guest.get_by_test_id("door")).to_be_hidden()
    expect(guest.get_by_test_id("remove").locator("visible=true")).to_have_count(0)

    host.get_by_test_id("remove").locator("visible=true").click()
    host.get_by_test_id("remove-yes").click()
    says(guest, "removed")
    expect(host.get_by_test_id("tile")).to_have_count(0)
    assert [entry["details"]["identity"] for entry in scene.audit("participant.removed")] == [identity]
    guest.get_by_test_id("gate-action").click()
    expect(guest.locator("body")).to_have_attribute("data-state", "prejoin", timeout=JOIN_TIMEOUT_MS)
    guest.get_by_test_id("join").click()
    expect(guest.locator("body")).to_have_attribute("data-state", "waiting", timeout=JOIN_TIMEOUT_MS)
    host.get_by_test_id("waiting").get_by_test_id("decline").click()
    says(guest, "declined")
    assert len(scene.audit("key.released")) == 2


def test_a_lock_is_seen_by_all_and_keeps_out_who_is_new(scene: Scene, host: Page, profile) -> None:
    host.get_by_test_id("lock").click()
    expect(host.get_by_test_id("locked")).to_be_visible()
    expect(host.get_by_test_id("lock")).to_have_text("Unlock")
    late = open_conference(profile(), scene.uri, scene.stack.accounts("participant")[0])
    late.get_by_test_id("join").click()
    says(late, "locked")
    assert len(scene.audit("key.released")) == 1
    host.get_by_test_id("lock").click()
    expect(host.get_by_test_id("locked")).to_be_hidden()


def grow_old(scene: Scene) -> None:
    """As if everybody had signed in eleven minutes ago: the next token says so."""
    with scene.stack.connect("trusted") as database:
        scope = f"conference:{scene.conference_id}"
        database.execute(
            "UPDATE authorization_grant SET auth_time = auth_time - interval '11 minutes' WHERE scope = %s", (scope,)
        )
        database.execute("DELETE FROM authorization_accesstoken WHERE scope = %s", (scope,))


def test_letting_in_asks_for_a_young_sign_in_without_leaving_the_conference(scene: Scene, profile) -> None:
    context = profile()
    host = open_conference(context, scene.uri, scene.stack.accounts("initiator")[0])
    grow_old(scene)
    host.get_by_test_id("join").click()
    is_in(host)
    host.get_by_test_id("toggle-people").click()
    guest = knocks(profile(), scene)
    host.get_by_test_id("let-in").click()
    expect(host.get_by_test_id("confirm-dialog")).to_be_visible()
    assert scene.audit("participant.admitted") == []
    assert scene.audit("moderation.refused")[0]["details"]["code"] == "step_up"
    with context.expect_page() as opened:
        host.get_by_test_id("confirm").click()
    is_in(guest)
    expect(host.get_by_test_id("confirm-dialog")).to_be_hidden()
    until(opened.value.is_closed, "the window to close by itself")
    is_in(host)
    sees(host, 1)
    assert [entry["event"] for entry in scene.audit("participant.admitted")] == ["participant.admitted"]
