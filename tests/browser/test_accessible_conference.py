"""axe-core on every state of the conference page, in light and dark: no violation. One conference goes through all of them."""

import pytest
from playwright.sync_api import Page, expect

from tests.adversary.clear_feed import ClearPublisher
from tests.browser.axe import is_accessible
from tests.browser.joining import JOIN_TIMEOUT_MS, join, open_conference, sees
from tests.browser.pictures import picture
from tests.scenes import Scene
from tests.stack import Stack

pytestmark = pytest.mark.browser


@pytest.fixture
def scene(stack: Stack) -> Scene:
    return Scene.schedule(stack, title="Accessible to all", admission="lobby")


def holds(page: Page, state: str) -> None:
    page.bring_to_front()
    picture(page, state.replace(" ", "-"))
    is_accessible(page, state)


def shown(page: Page, state: str, code: str = "") -> None:
    expect(page.locator("body")).to_have_attribute("data-state", state, timeout=JOIN_TIMEOUT_MS)
    if code:
        expect(page.locator("body")).to_have_attribute("data-code", code, timeout=JOIN_TIMEOUT_MS)


def says(page: Page, code: str) -> None:
    expect(page.get_by_test_id("banner")).to_have_attribute("data-code", code, timeout=JOIN_TIMEOUT_MS)


def somebody_waits_and_is_let_in(host: Page, guest: Page) -> None:
    guest.get_by_test_id("join").click()
    shown(guest, "waiting")
    holds(guest, "waiting")
    says(host, "knocking")
    holds(host, "somebody waits")
    host.locator("#banner-action").click()
    expect(host.get_by_test_id("waiting-person")).to_be_visible()
    holds(host, "people with somebody waiting")
    host.get_by_test_id("let-in").click()
    shown(guest, "in-conference")
    for page in (host, guest):
        sees(page, 1)


def panels(host: Page) -> None:
    expect(host.get_by_test_id("person")).to_have_count(2)
    holds(host, "people")
    host.get_by_test_id("toggle-code").click()
    expect(host.get_by_test_id("lock-line")).to_have_count(2)
    holds(host, "statement of encryption")
    host.get_by_test_id("toggle-core").click()
    about = host.frame_locator("#core-frame iframe")
    expect(about.get_by_role("heading", name="Accessible to all")).to_be_visible(timeout=JOIN_TIMEOUT_MS)
    holds(host, "about")
    host.get_by_test_id("toggle-core").click()


def layouts(host: Page, guest: Page) -> None:
    holds(host, "two")
    host.get_by_test_id("toggle-layout").click()
    holds(host, "speaker view")
    guest.get_by_test_id("toggle-screen").click()
    expect(host.get_by_test_id("screen-tile")).to_have_attribute("data-decrypting", "true", timeout=JOIN_TIMEOUT_MS)
    holds(host, "a screen is shown")
    holds(guest, "a screen is shared")
    guest.get_by_test_id("stop-sharing").click()
    for device in ("mic", "camera"):
        guest.get_by_test_id(f"toggle-{device}").click()
    holds(guest, "devices are off")
    host.get_by_test_id("toggle-layout").click()


def a_feed_that_nobody_can_unlock(scene: Scene, host: Page, guest: Page) -> None:
    publisher = ClearPublisher(scene, guest.context)
    publisher.publish()
    nobody = host.locator('[data-testid=tile][data-named="false"]')
    expect(nobody).to_have_attribute("data-lock", "unreadable", timeout=JOIN_TIMEOUT_MS)
    holds(host, "a tile that cannot be unlocked")
    publisher.page.close()
    expect(nobody).to_have_count(0, timeout=JOIN_TIMEOUT_MS)


def the_key_service_is_away(stack: Stack, host: Page) -> None:
    stack.take_away("trusted")
    try:
        says(host, "reconnecting")
        holds(host, "connecting again")
    finally:
        stack.bring_back("trusted")
    says(host, "")


def removed_and_locked_out(host: Page, guest: Page) -> None:
    host.get_by_test_id("toggle-people").click()
    host.get_by_test_id("lock").click()
    expect(host.get_by_test_id("locked")).to_be_visible()
    host.get_by_test_id("remove").locator("visible=true").click()
    holds(host, "asked whether to remove somebody")
    host.get_by_test_id("remove-yes").click()
    shown(guest, "ended", "removed")
    holds(guest, "removed")
    guest.get_by_test_id("gate-action").click()
    shown(guest, "prejoin")
    guest.get_by_test_id("join").click()
    shown(guest, "ended", "locked")
    holds(guest, "refused")


def end_by_schedule(scene: Scene) -> None:
    with scene.stack.connect("trusted") as database:
        over = "UPDATE conferences_conference SET starts_at = starts_at - interval '3 hours' WHERE id = %s"
        database.execute(over, (scene.conference_id,))


def test_every_state(stack: Stack, scene: Scene, profile) -> None:
    host = join(profile(), scene.uri, stack.accounts("initiator")[0])
    holds(host, "alone")
    guest = open_conference(profile(), scene.uri, stack.accounts("participant")[0])
    holds(guest, "before joining")
    somebody_waits_and_is_let_in(host, guest)
    panels(host)
    layouts(host, guest)
    a_feed_that_nobody_can_unlock(scene, host, guest)
    the_key_service_is_away(stack, host)
    removed_and_locked_out(host, guest)
    host.get_by_test_id("leave").click()
    shown(host, "ended", "left")
    holds(host, "left")
    host.get_by_test_id("gate-action").click()
    shown(host, "prejoin")
    host.get_by_test_id("join").click()
    shown(host, "in-conference")
    end_by_schedule(scene)
    shown(host, "ended", "ended")
    holds(host, "ended")
