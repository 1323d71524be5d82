"""Attacker: a script in the core application's frame beside a call (requirements CORE-FRAME-1, CORE-PAGE-1)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Browser, Frame, Page, expect

from tests.adversary.hostile_application import browser_for_a_public_provider, profile_of, stands_unharmed
from tests.adversary.hostile_core import act_as_core, attempt
from tests.adversary.hostile_overlays import DIALOG, GRAB, NO_CLICK_MS, OVERLAYS, STAY, Beheld, keys_still_reach
from tests.browser.joining import join, until
from tests.scenes import Scene
from tests.stack import Stack

pytestmark = [pytest.mark.browser, pytest.mark.requirement("CORE-FRAME-1")]
OUT_OF_REACH: dict[str, tuple[str, str]] = {
    "the page's document": ("parent.document.body", "SecurityError"),
    "the page's address": ("parent.location.href", "SecurityError"),
    "another address for the page": ("parent.location.replace('https://elsewhere.invalid/')", "SecurityError"),
    "another address for the tab": ("(top.location = 'https://elsewhere.invalid/')", "SecurityError"),
    "the page's connections": ("parent.connections", "SecurityError"),
    "the page's storage": ("parent.indexedDB", "SecurityError"),
    "its own element": ("frameElement", "null"),
    "the provider's frame": ("sibling().document", "SecurityError"),
    "another address for the provider's frame": ("sibling().location.replace('{core}/hostile')", "SecurityError"),
    "a line to the provider's frame": (
        "sibling().postMessage({ type: 'conference-port' }, '*', [new MessageChannel().port1])",
        "undefined",
    ),
    "the provider's place at the page": (
        "parent.postMessage({ type: 'conference-application' }, '*', [new MessageChannel().port1])",
        "undefined",
    ),
    "a roster of his": (
        "parent.postMessage({ event: 'roster', join: 1, roster: { self: 1, entries: [{ name: 'Eve' }] } }, '*')",
        "undefined",
    ),
    "an end of the call": ("parent.postMessage({ event: 'over', join: 1, code: 'left' }, '*')", "undefined"),
    "a window": ("open('about:blank')", "null"),
    "a question to the person": ("confirm('Your password?')", "false"),
    "the whole screen": ("document.documentElement.requestFullscreen()", "TypeError"),
    "camera and microphone": ("navigator.mediaDevices.getUserMedia({ audio: true, video: true })", "NotAllowedError"),
    "the screen": ("navigator.mediaDevices.getDisplayMedia({ video: true })", "NotAllowedError"),
    "the clipboard": ("navigator.clipboard.readText()", "NotAllowedError"),
    "a service worker": ("navigator.serviceWorker.register('/static/core/main.js', { scope: '/static/core/' })", "TypeError"),
    "a key with token3": (
        "fetch('{kmf}/keys', { method: 'POST', headers: { Authorization: `DPoP ${heard[0].token}`, DPoP: heard[0].proof } })",
        "TypeError",
    ),
    "the push socket": ("socket('{kmf}/conferences/{conference}/events')", "closed"),
    "the page's text": ("fetch('{uri}', { credentials: 'include' })", "TypeError"),
}


@dataclass
class Case:
    """Ada's page with the attacker's frame in its panel."""

    scene: Scene
    ada: Page

    def frame(self) -> Frame:
        """The frame, once it has its line and a first document."""
        self.ada.get_by_test_id("core-frame").wait_for(state="attached")
        frame = self.ada.get_by_test_id("core-frame").element_handle().content_frame()
        assert frame is not None
        frame.wait_for_function("() => window.heard?.length > 0", polling=50)
        return frame

    def unharmed(self) -> None:
        stands_unharmed(self.ada, self.scene)
        assert len(self.scene.audit("key.released")) == 1
        expect(self.ada.get_by_test_id("people-count")).to_have_text("1")
        expect(self.ada.get_by_test_id("stage")).to_have_attribute("data-media", "connected")


@pytest.fixture(scope="module")
def case(stack: Stack, browser: Browser) -> Iterator[Case]:
    scene = Scene.schedule(stack)
    with browser_for_a_public_provider(browser) as chromium:
        context = profile_of(chromium)
        act_as_core(context, scene, "/frame")
        act_as_core(context, scene, "/hostile")
        ada = join(context, scene.uri, stack.accounts("participant")[0])
        ada.get_by_test_id("toggle-core").click()
        yield Case(scene, ada)
        context.close()


@pytest.fixture(scope="module")
def frame(case: Case) -> Frame:
    return case.frame()


@pytest.mark.parametrize(("expression", "result"), OUT_OF_REACH.values(), ids=OUT_OF_REACH.keys())
def test_the_frame_does_not_reach(case: Case, frame: Frame, expression: str, result: str) -> None:
    assert attempt(frame, case.scene, expression) == result
    case.unharmed()


@pytest.fixture(scope="module")
def beheld(case: Case, frame: Frame) -> Beheld:
    expect(case.ada.get_by_test_id("stage")).to_have_attribute("data-media", "connected")
    expect(case.ada.get_by_test_id("seal")).to_have_attribute("data-true", "true")
    return Beheld(case.ada)


@pytest.mark.parametrize(("expression", "result"), [*OVERLAYS.values(), *DIALOG.values()], ids=[*OVERLAYS, *DIALOG])
def test_nothing_of_the_frame_comes_over_the_statement_of_encryption(
    case: Case, frame: Frame, beheld: Beheld, expression: str, result: str
) -> None:
    assert attempt(frame, case.scene, expression) == result
    beheld.stands()
    case.unharmed()


def test_it_was_given_one_token_for_one_conference_and_nothing_else(case: Case, frame: Frame) -> None:
    heard: list[dict[str, Any]] = frame.evaluate("heard")
    assert [set(each) for each in heard] == [{"url", "token", "proof"}] * len(heard)
    claims = case.scene.claims_of(heard[0]["token"])
    assert claims["aud"] == case.scene.stack.origins.core
    assert claims["conference"] == case.scene.conference_id
    assert heard[0]["url"] == f"{case.scene.stack.origins.core}/frame/conferences/{case.scene.conference_id}"


def test_its_token_and_proof_are_good_once_and_here_only(case: Case, frame: Frame) -> None:
    """Stolen by the script, sent from anywhere: to the KMF, the provider, for another conference, and twice for this one."""
    heard = frame.evaluate("heard.length")
    frame.evaluate("line.postMessage('again')")
    frame.wait_for_function("(count) => heard.length > count", arg=heard, polling=50)
    scene, stolen = case.scene, frame.evaluate("heard.at(-1)")
    headers = {"Authorization": f"DPoP {stolen['token']}", "DPoP": stolen["proof"]}
    thief = scene.person("participant", 1)
    assert thief.post("/keys", content=thief.key_body(), token=stolen["token"], proof=stolen["proof"]).status_code == 401
    join_path = f"/conferences/{scene.handle}/join"
    assert thief.post(join_path, token=stolen["token"], proof=stolen["proof"], provider=True).status_code == 401
    with scene.stack.http(
        scene.stack.origins.core, headers=headers | {"Host": scene.stack.origins.core.split("//")[1]}
    ) as client:
        assert client.get(f"/frame/conferences/{scene.another().conference_id}").status_code == 401
        assert client.get("/", follow_redirects=False).status_code == 302
        assert [client.get(f"/frame/conferences/{scene.conference_id}").status_code for _ in range(2)] == [200, 401]
    case.unharmed()


@pytest.mark.parametrize(
    "message",
    ["'keys'", "{ type: 'again' }", "null", "'x'.repeat(1e6)", "new ArrayBuffer(8)", "{ type: 'token', resource: 'kmf' }"],
)
def test_another_word_than_again_ends_the_line_and_not_the_call(case: Case, frame: Frame, message: str) -> None:
    place = renewed(case)
    place.evaluate(f"setTimeout(() => line.postMessage({message}), 100)")  # the frame may be gone before an answer
    expect(case.ada.get_by_test_id("core-frame")).to_have_count(0)
    case.unharmed()


def test_a_flood_ends_the_line_and_not_the_call(case: Case, frame: Frame) -> None:
    place = renewed(case)
    before = len(place.evaluate("heard"))
    place.evaluate("for (let count = 0; count < 90; count += 1) line.postMessage('again')")
    case.ada.wait_for_timeout(300)
    assert len(place.evaluate("heard")) <= before + 1
    place.evaluate("setTimeout(() => { for (let count = 0; count < 20; count += 1) line.postMessage('again'); }, 100)")
    expect(case.ada.get_by_test_id("core-frame")).to_have_count(0)
    until(lambda: case.ada.get_by_test_id("stage").get_attribute("data-media") == "connected", "the call to go on")
    case.unharmed()


def test_a_person_who_clicks_or_tabs_into_the_frame_is_in_it(case: Case) -> None:
    """Without this the next one would prove little."""
    frame = renewed(case)
    attempt(frame, case.scene, "put('input', { id: 'field' })")
    frame.locator("#field").click()
    case.ada.keyboard.type("a")
    expect(frame.locator("#field")).to_have_value("a")
    case.ada.get_by_test_id("core-panel").locator("[data-close]").focus()
    case.ada.keyboard.press("Tab")
    case.ada.keyboard.type("b")
    expect(frame.locator("#field")).to_have_value("b")


def test_a_frame_that_takes_the_focus_again_and_again_is_taken_away(case: Case) -> None:
    beheld = Beheld(case.ada)
    frame = renewed(case)
    case.ada.get_by_test_id("stage").focus()
    attempt(frame, case.scene, GRAB)
    case.ada.wait_for_timeout(NO_CLICK_MS + 2_000)
    expect(case.ada.get_by_test_id("core-frame")).to_have_count(0)
    keys_still_reach(case.ada)
    beheld.stands()
    case.unharmed()


def test_nobody_is_asked_whether_to_stay(case: Case) -> None:
    """The last one: the person goes away, and no box of the frame's is in the way."""
    beheld = Beheld(case.ada)
    attempt(renewed(case), case.scene, STAY)
    case.ada.goto("about:blank")
    assert beheld.boxes == []
    until(lambda: len(case.scene.audit("endpoint.left")) == 1, "the leave")


def renewed(case: Case) -> Frame:
    """The frame; where an attack ended it, another one from opening the panel again."""
    if case.ada.get_by_test_id("core-frame").count() == 0:
        for _ in range(2):
            case.ada.get_by_test_id("toggle-core").click()
    return case.frame()
