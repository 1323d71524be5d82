"""Who is shown as the speaker, from a course of levels: the shipped module in Chromium."""

from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.browser.module_server import module_page

pytestmark = pytest.mark.browser
# Levels of each 100 ms; the answer is who is shown at the end of each part.
PLAY = """async (parts) => {
  const { ActiveSpeaker } = await import('/conference/active_speaker.js');
  const speaker = new ActiveSpeaker();
  let now = 0;
  return parts.map(([ms, levels]) => {
    for (const end = now + ms; now < end; now += 100) speaker.hear(new Map(levels), now);
    return speaker.current;
  });
}"""
ADA, BOB = 1, 2


def play(browser: Browser, *parts: tuple[int, dict[int, float]]) -> Any:
    with module_page(browser) as page:
        return page.evaluate(PLAY, [[ms, [list(level) for level in levels.items()]] for ms, levels in parts])


def test_a_cough_turns_nothing_and_a_sentence_does(browser: Browser) -> None:
    ada, bob = {ADA: 0.5, BOB: 0.0}, {ADA: 0.0, BOB: 0.6}
    assert play(browser, (5000, ada), (300, bob), (2000, ada), (3000, bob)) == [ADA, ADA, ADA, BOB]


def test_whoever_spoke_last_stays_while_nobody_speaks(browser: Browser) -> None:
    assert play(browser, (1000, {ADA: 0.0, BOB: 0.4}), (60_000, {ADA: 0.01, BOB: 0.01})) == [BOB, BOB]


def test_whoever_goes_is_not_shown_any_more(browser: Browser) -> None:
    assert play(browser, (1000, {ADA: 0.5, BOB: 0.0}), (100, {BOB: 0.0}), (100, {BOB: 0.5})) == [ADA, None, BOB]


def test_nobody_speaks_where_nothing_is_heard(browser: Browser) -> None:
    assert play(browser, (10_000, {ADA: 0.03, BOB: 0.0})) == [None]
