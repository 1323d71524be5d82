"""The statement of encryption is always there and true: for everybody, for oneself, and for what nobody has proved to be his."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.adversary.clear_feed import ClearPublisher
from tests.browser.joining import JOIN_TIMEOUT_MS, join, sees, until
from tests.scenes import Scene
from tests.stack import Stack

pytestmark = pytest.mark.browser


@pytest.fixture
def scene(stack: Stack) -> Scene:
    return Scene.schedule(stack, title="Statements")


@pytest.fixture
def pages(scene: Scene, profile) -> list[Page]:
    pages = [join(profile(), scene.uri, account) for account in scene.stack.accounts("participant")[:2]]
    for page in pages:
        sees(page, 1)
    return pages


def test_each_person_has_a_line_and_the_seal_says_it_in_short(pages: list[Page]) -> None:
    ada, bob = pages
    expect(ada.get_by_test_id("seal-words")).to_have_text("End-to-end encrypted", timeout=JOIN_TIMEOUT_MS)
    ada.get_by_test_id("seal").click()
    lines = ada.get_by_test_id("lock-line")
    expect(lines).to_have_count(2)
    expect(lines.nth(0)).to_contain_text("Everything you send is locked")
    expect(lines.nth(1)).to_contain_text("unlocked with this person's own key")
    for device in ("mic", "camera"):
        ada.get_by_test_id(f"toggle-{device}").click()
        bob.get_by_test_id(f"toggle-{device}").click()
    expect(ada.get_by_test_id("seal-words")).to_have_text("Not sending", timeout=JOIN_TIMEOUT_MS)
    expect(lines.nth(0)).to_contain_text("Nothing of yours is being sent")
    expect(lines.nth(1)).to_contain_text("Nothing arrives from this person", timeout=JOIN_TIMEOUT_MS)
    assert ada.get_by_test_id("seal").get_attribute("data-bad") == "false"


def test_both_can_read_the_code_to_each_other(pages: list[Page]) -> None:
    codes = []
    for page in pages:
        page.get_by_test_id("toggle-code").click()
        groups = page.get_by_test_id("code").locator("li").all_inner_texts()
        assert [len(group) for group in groups] == [5] * 6
        codes.append(groups)
    assert codes[0] == codes[1]


def test_what_cannot_be_unlocked_is_named_and_why(scene: Scene, pages: list[Page]) -> None:
    publisher = ClearPublisher(scene, pages[1].context)
    publisher.publish()
    until(lambda: publisher.frames_sent() > 60, "clear frames on their way")
    ada = pages[0]
    seal = ada.get_by_test_id("seal")
    expect(seal).to_have_attribute("data-bad", "true", timeout=JOIN_TIMEOUT_MS)
    expect(ada.get_by_test_id("seal-words")).to_have_text("Something cannot be unlocked")
    nobody = ada.locator('[data-testid=tile][data-named="false"]')
    expect(nobody).to_have_attribute("data-lock", "unreadable", timeout=JOIN_TIMEOUT_MS)
    expect(nobody.get_by_test_id("tile-why")).to_have_text(re.compile(r"\w+ .*\."))
    seal.click()
    stranger = ada.get_by_test_id("lock-line").filter(has_text="Somebody unknown").first
    expect(stranger).to_have_attribute("data-bad", "true")
    expect(stranger).to_contain_text("Nothing is shown.")
    sees(ada, 1)
