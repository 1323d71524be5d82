"""Attacker: the conference provider ([PERC] 4.2, requirements 1 and 2; requirement MEDIA-3).

His application runs in the frame of a page that is in a conference, without the headers that ours has; his MDD forwards what it
likes. The same page goes through every attack and is still good for the conference afterwards.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.adversary.clear_feed import STRANGER_SHOWN_MS, ClearPublisher, nothing_clear_was_shown, streams
from tests.adversary.hostile_application import (
    HostileProvider,
    Line,
    begin_again,
    browser_for_a_public_provider,
    lost_the_line,
    profile_of,
    stands_unharmed,
)
from tests.adversary.hostile_descriptions import ANSWERS, OFFERS, Change, answer_to, offer_of_a_feed
from tests.adversary.hostile_messages import MESSAGES, STREAMS
from tests.adversary.hostile_overlays import FOCUS_DIALOG, FOCUS_FIELD, FOCUS_WINDOW, OVERLAYS, Beheld, keys_still_reach
from tests.adversary.hostile_scripts import OUT_OF_REACH, OWN_CONNECTION, SHOUT
from tests.browser.joining import frames_decoded, join, sees, until
from tests.scenes import Scene
from tests.stack import Stack

pytestmark = [pytest.mark.browser, pytest.mark.requirement("MEDIA-3")]


@dataclass
class Victim:
    """Ada's page, in the conference."""

    scene: Scene
    page: Page
    provider: HostileProvider

    def line(self) -> Line:
        """A line that nothing was said on yet."""
        self.break_off()
        begin_again(self.page)
        return Line(self.page)

    def break_off(self) -> None:
        """End the line, if an attack has not."""
        if self.page.get_by_test_id("stage").get_attribute("data-media") != "failed":
            Line(self.page).say("enough")
            expect(self.page.get_by_test_id("stage")).to_have_attribute("data-media", "failed")


@pytest.fixture(scope="module")
def chromium(browser: Browser) -> Iterator[Browser]:
    with browser_for_a_public_provider(browser) as other:
        yield other


@pytest.fixture(scope="module")
def victim(stack: Stack, chromium: Browser) -> Iterator[Victim]:
    scene = Scene.schedule(stack)
    context = profile_of(chromium)
    provider = HostileProvider(context, stack.origins.provider)
    yield Victim(scene, join(context, scene.uri, stack.accounts("participant")[0]), provider)
    context.close()


@pytest.mark.parametrize(("code", "messages"), MESSAGES.values(), ids=MESSAGES.keys())
def test_what_is_no_message_ends_the_line(victim: Victim, code: str, messages: list[Any]) -> None:
    line = victim.line()
    line.say(*messages)
    lost_the_line(victim.page, code)
    line.learnt_nothing(victim.scene)
    assert victim.page.evaluate("({}).polluted === undefined")
    stands_unharmed(victim.page, victim.scene)


def test_descriptions_that_are_as_they_should_be_are_taken(victim: Victim) -> None:
    """Without this the refusals below would prove little."""
    line = victim.line()
    line.tell(type="published", sdp=answer_to(line.offered()))
    line.tell(type="offer", sdp=offer_of_a_feed(), streams=STREAMS)
    answer = line.hear("answer")["sdp"]
    assert answer.count("a=recvonly") == 2
    assert "a=sendrecv" not in answer
    expect(victim.page.get_by_test_id("stage")).to_have_attribute("data-media", "connecting")
    line.learnt_nothing(victim.scene)


@pytest.mark.parametrize(("code", "change"), ANSWERS.values(), ids=ANSWERS.keys())
def test_an_answer_that_asks_for_more_ends_the_call(victim: Victim, code: str, change: Change) -> None:
    line = victim.line()
    line.tell(type="published", sdp=change(answer_to(line.offered())))
    lost_the_line(victim.page, code)
    line.learnt_nothing(victim.scene)
    stands_unharmed(victim.page, victim.scene)


@pytest.mark.parametrize(("code", "change"), OFFERS.values(), ids=OFFERS.keys())
def test_an_offer_that_asks_for_more_ends_the_call(victim: Victim, code: str, change: Change) -> None:
    line = victim.line()
    line.offered()
    line.tell(type="offer", sdp=change(offer_of_a_feed()), streams=STREAMS)
    lost_the_line(victim.page, code)
    line.learnt_nothing(victim.scene)
    stands_unharmed(victim.page, victim.scene)


@pytest.fixture(scope="module")
def line(victim: Victim) -> Line:
    return victim.line()


@pytest.mark.parametrize(("expression", "result"), OUT_OF_REACH.values(), ids=OUT_OF_REACH.keys())
def test_the_frame_does_not_reach(victim: Victim, line: Line, expression: str, result: str) -> None:
    origins = victim.scene.stack.origins
    names = {"{kmf}": origins.kmf, "{auth}": origins.auth, "{conference}": victim.scene.conference_id}
    for name, value in names.items():
        expression = expression.replace(name, value)
    assert line.attempt(expression) == result
    line.learnt_nothing(victim.scene)
    stands_unharmed(victim.page, victim.scene)


@pytest.fixture(scope="module")
def beheld(victim: Victim, line: Line) -> Beheld:
    """The panel with the verification code stands open beside the seal."""
    victim.page.get_by_test_id("toggle-code").click()
    expect(victim.page.get_by_test_id("code")).to_be_visible()
    return Beheld(victim.page)


@pytest.mark.parametrize(("expression", "result"), OVERLAYS.values(), ids=OVERLAYS.keys())
def test_nothing_of_the_frame_comes_over_the_statement_of_encryption(
    victim: Victim, line: Line, beheld: Beheld, expression: str, result: str
) -> None:
    assert line.attempt(expression) == result
    beheld.stands("code")
    stands_unharmed(victim.page, victim.scene)


def test_shouting_at_the_page_brings_nothing(victim: Victim, line: Line) -> None:
    line.attempt(SHOUT)
    victim.page.wait_for_timeout(500)
    line.learnt_nothing(victim.scene)
    stands_unharmed(victim.page, victim.scene)
    expect(victim.page.get_by_test_id("stage")).to_have_attribute("data-media", "connecting")


def test_a_connection_of_its_own_has_nothing_to_send(line: Line) -> None:
    assert line.attempt(OWN_CONNECTION) == "null"


def test_token2_and_its_proof_are_good_once_and_at_the_provider_only(victim: Victim, line: Line) -> None:
    join_url = line.hear("join")["url"]
    twice = [line.attempt(f"post('{join_url}').then(({{ status }}) => status)") for _ in range(2)]
    assert twice == ["200", "401"]
    thief = victim.scene.person("participant", 1)
    stolen = line.hear("join")
    answer = thief.post("/keys", content=thief.key_body(), token=stolen["token"], proof=stolen["proof"])
    assert (answer.status_code, "Encryption-Key" in answer.headers) == (401, False)
    stands_unharmed(victim.page, victim.scene)


@pytest.mark.parametrize(
    "script", [FOCUS_WINDOW, FOCUS_FIELD, FOCUS_DIALOG], ids=["its window", "a field", "a dialog above everything"]
)
def test_a_frame_that_takes_the_focus_is_gone_before_it_hears_a_key(victim: Victim, script: str) -> None:
    line = victim.line()
    line.attempt(script)
    lost_the_line(victim.page, "frame_focus")
    assert victim.page.locator("iframe").count() == 0
    keys_still_reach(victim.page)
    stands_unharmed(victim.page, victim.scene)


@pytest.fixture(scope="module")
def together(victim: Victim, chromium: Browser) -> Iterator[tuple[Page, Page]]:
    """Ada's same page with an honest application again, and Bob's."""
    victim.break_off()
    victim.provider.honest = True
    begin_again(victim.page)
    others = profile_of(chromium)
    yield victim.page, join(others, victim.scene.uri, victim.scene.stack.accounts("participant")[1])
    others.close()


def test_after_all_that_the_conference_goes_on(together: tuple[Page, Page]) -> None:
    for page in together:
        sees(page, 1)
        until(lambda page=page: frames_decoded(page) > 10, "frames")


def test_clear_frames_in_the_room_are_not_shown_to_anybody(victim: Victim, together: tuple[Page, Page]) -> None:
    publisher = ClearPublisher(victim.scene, together[1].context)
    publisher.publish()
    until(lambda: publisher.frames_sent() > 60, "clear frames on their way")
    for page in together:
        until(lambda page=page: len(streams(page, "video")) == 2, "the clear feed to arrive")
    together[0].wait_for_timeout(STRANGER_SHOWN_MS)
    for page in together:
        nothing_clear_was_shown(page)
