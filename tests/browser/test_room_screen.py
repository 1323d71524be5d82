"""A room with a screen and no keyboard: it shows a code, somebody invited enters it on his phone, and everybody sees a room."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.axe import is_accessible
from tests.browser.joining import JOIN_TIMEOUT_MS, join, sees, sign_in
from tests.scenes import Scene
from tests.simulators.room import RoomSystem
from tests.stack import Stack

pytestmark = [pytest.mark.browser, pytest.mark.requirement("AUTH-8")]


@pytest.fixture
def scene(stack: Stack) -> Scene:
    return Scene.schedule(stack, title="Board meeting")


@pytest.fixture
def room(scene: Scene, tmp_path: Path) -> RoomSystem:
    made = RoomSystem(scene, tmp_path)
    made.invite()
    return made


@pytest.fixture
def screen(scene: Scene, profile) -> Page:
    page = profile().new_page()
    page.goto(f"{scene.uri}#room")
    expect(page.locator("body")).to_have_attribute("data-code", "room_code", timeout=JOIN_TIMEOUT_MS)
    return page


def code_on(screen: Page) -> tuple[str, str]:
    """Where to enter it, and what."""
    found = re.search(r"open (\S+) and enter ([A-Z]{4}-[A-Z]{4})", screen.get_by_test_id("gate-text").inner_text())
    assert found is not None
    return found[1], found[2]


def enter(profile, screen: Page, account: dict[str, str]) -> Page:
    """On the phone: sign in, and enter the code."""
    where, code = code_on(screen)
    phone = profile(viewport={"width": 390, "height": 800}).new_page()
    phone.goto(where)
    sign_in(phone, account)
    phone.locator("input[name=code]").fill(code)
    phone.locator("button[type=submit]").first.click()
    return phone


def test_the_screen_comes_in_as_the_room(scene: Scene, room: RoomSystem, screen: Page, profile) -> None:
    petra = join(profile(), scene.uri, scene.stack.accounts("participant")[0])
    phone = enter(profile, screen, scene.stack.accounts("participant")[1])
    expect(phone.get_by_test_id("conference")).to_have_text("Board meeting")
    expect(phone.get_by_test_id("place")).to_contain_text("the network address that you have, too")
    phone.get_by_label(room.name).check()
    phone.locator("input[name=meant]").check()
    phone.get_by_role("button", name="Sign this room in").click()
    expect(phone.get_by_test_id("done")).to_contain_text("goes on by itself")
    expect(screen.locator("body")).to_have_attribute("data-state", "prejoin", timeout=JOIN_TIMEOUT_MS)
    screen.get_by_test_id("join").click()
    expect(screen.locator("body")).to_have_attribute("data-state", "in-conference", timeout=JOIN_TIMEOUT_MS)
    sees(petra, 1)
    sees(screen, 1)
    petra.get_by_test_id("toggle-people").click()
    shown = petra.get_by_test_id("person").filter(has_text=room.address)
    expect(shown.locator(".person__role")).to_have_text("Room")
    expect(shown.locator(".person__how")).to_contain_text("a code that somebody invited entered")


def test_a_screen_that_is_not_his_is_declined(scene: Scene, room: RoomSystem, screen: Page, profile) -> None:
    is_accessible(screen, "a code on a room's screen")
    phone = enter(profile, screen, scene.stack.accounts("participant")[1])
    phone.get_by_test_id("conference").wait_for()
    is_accessible(phone, "asked whose screen it is")
    phone.get_by_role("button", name="This is not my screen").click()
    expect(screen.locator("body")).to_have_attribute("data-code", "room_declined", timeout=JOIN_TIMEOUT_MS)
    assert (scene.audit("key.released"), scene.epochs()) == ([], [])
