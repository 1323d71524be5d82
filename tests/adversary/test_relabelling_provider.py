"""Attacker: the conference provider that connects, and lies about whose media is whose ([PERC] 4.2, 4.7; requirement MEDIA-3).

His application tells the page what he likes of the streams, his media server sends under any feed whatever it has. Bob's camera
is red, Cyd's is blue, Bob's screen is green; every tile of Ada's page is looked at twenty times a second. Names come from the
signed roster and stand where frames really open: at worst a picture is missing, and the page says so.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.adversary.coloured_people import colours, forget, paint, watch
from tests.adversary.hostile_application import profile_of
from tests.adversary.lying_application import LyingApplication
from tests.adversary.switchboard import Line, Switchboard
from tests.browser.joining import join, until
from tests.scenes import Scene
from tests.stack import Stack

pytestmark = [pytest.mark.browser, pytest.mark.requirement("MEDIA-3")]
SHOWN_MS = 30_000
HONEST = "s"
# What the page is told of each stream; `feeds` are the feeds of the offer, `twin` the same track of another one.
LABELS: dict[str, str] = {
    "two people's streams swapped": "({ ...s, feed: twin(s)?.feed ?? s.feed })",
    "all streams under one person's feed": "({ ...s, feed: feeds[0] })",
    "all streams under a feed that nobody has": "({ ...s, feed: 'F'.repeat(22) })",
    "two people's sections swapped": "({ ...s, mid: twin(s)?.mid ?? s.mid })",
    "each told of twice": "[s, { ...s, feed: twin(s)?.feed ?? s.feed }]",
}
# The ids of transforms that the worker counts frames of, as the page hears them; nothing of the product is changed.
HEAR_COUNTERS = """
const Native = Worker;
window.Worker = class extends Native {
  constructor(...given) {
    super(...given);
    this.addEventListener('message', ({ data: { value } }) => {
      const counted = Object.values(value ?? {});
      if (counted.length > 0 && counted.every((each) => each?.dropped)) window.counted = Object.keys(value);
    });
  }
};
"""
# For how long each camera's tile showed nothing new, at the longest, in ms.
TIME_PICTURES = """() => {
  clearInterval(window.timing);
  const seen = new Map();
  window.longest = {};
  window.timing = setInterval(() => {
    for (const tile of document.querySelectorAll('[data-testid=tile]')) {
      const [name, video] = [tile.querySelector('.tile__name-words').textContent, tile.querySelector('video')];
      const shown = `${video.srcObject?.getTracks()[0].id} ${video.getVideoPlaybackQuality().totalVideoFrames}`;
      const now = performance.now();
      const before = seen.get(name) ?? { shown, at: now };
      longest[name] = Math.max(longest[name] ?? 0, now - before.at);
      seen.set(name, shown === before.shown || !video.srcObject ? before : { shown, at: now });
    }
  }, 20);
}"""
OTHER_PICTURE = "({ camera: 'screen', screen: 'camera' })[s.track] ?? s.track"
MISTAKEN: dict[str, str] = {
    "cameras called screens and a screen a camera": f"({{ ...s, track: {OTHER_PICTURE} }})",
    "pictures called sound": "({ ...s, track: 'mic' })",
}


@dataclass
class Meeting:
    """Ada is lied to; Bob shows a red camera and a green screen, Cyd a blue camera."""

    scene: Scene
    ada: Page
    bob: str
    cyd: str
    application: LyingApplication

    @cached_property
    def switchboard(self) -> Switchboard:
        """Opened at its first use: the media server ends a session that says nothing for a minute."""
        return Switchboard(self.scene)

    @property
    def truth(self) -> dict[str, set[str]]:
        return {self.bob: {"red"}, self.cyd: {"blue"}, f"Screen of {self.bob}": {"green"}}

    def tile(self, name: str) -> Locator:
        tiles = self.ada.locator("[data-testid=tile], [data-testid=screen-tile]")
        return tiles.filter(has=self.ada.get_by_text(name, exact=True))

    def shows(self, *names: str) -> None:
        """These have a picture that moves."""
        for name in names:
            expect(self.tile(name)).to_have_attribute("data-video", "on", timeout=SHOWN_MS)
            expect(self.tile(name)).to_have_attribute("data-decrypting", "true", timeout=SHOWN_MS)

    def is_honest_again(self) -> None:
        self.application.lie(self.ada, HONEST)
        forget(self.ada)
        self.shows(*self.truth)

    def dismiss(self) -> None:
        """Take note of copies so far."""
        if self.ada.get_by_test_id("banner").get_attribute("data-code") == "duplicate":
            self.ada.locator("#banner-action").click()
            expect(self.ada.get_by_test_id("banner")).to_have_attribute("data-code", "")

    def never_lied(self) -> None:
        """No tile showed anybody else; roster, names and the KMF's records are as they were."""
        for name, seen in colours(self.ada).items():
            assert seen <= self.truth.get(name, set()), (name, seen)
        expect(self.ada.get_by_test_id("people-count")).to_have_text("3")
        for name in (self.bob, self.cyd):
            expect(self.tile(name)).to_have_count(1)
        assert self.ada.evaluate("document.body.dataset.state") == "in-conference"
        assert self.scene.audit("endpoint.left") == []
        assert [state for _number, state in self.scene.epochs()].count("current") == 1

    def reason(self, name: str) -> str:
        return self.tile(name).get_by_test_id("tile-why").inner_text()

    def seal_says(self, words: str) -> None:
        expect(self.ada.get_by_test_id("seal")).to_have_attribute("data-bad", "true", timeout=SHOWN_MS)
        expect(self.ada.get_by_test_id("seal-words")).to_contain_text(words, timeout=SHOWN_MS)


def own_name(page: Page) -> str:
    return page.get_by_test_id("own-tile").get_by_test_id("tile-name").inner_text().strip().removesuffix(" (you)")


@pytest.fixture(scope="module")
def meeting(stack: Stack, browser: Browser) -> Iterator[Meeting]:
    scene = Scene.schedule(stack)
    accounts = [*stack.accounts("participant"), *stack.accounts("initiator")][:3]
    contexts = [profile_of(browser) for _ in accounts]
    for context, colour in zip(contexts, ("white", "red", "blue"), strict=True):
        paint(context, colour)
    application = LyingApplication(contexts[0], stack.origins.provider)
    application.serve()
    contexts[0].add_init_script(HEAR_COUNTERS)
    ada, bob, cyd = (join(context, scene.uri, account) for context, account in zip(contexts, accounts, strict=True))
    bob.get_by_test_id("toggle-screen").click()
    watch(ada)
    yield Meeting(scene, ada, own_name(bob), own_name(cyd), application)
    for context in contexts:
        context.close()


def test_without_a_lie_each_picture_stands_under_its_name(meeting: Meeting) -> None:
    """Without this the rest would prove little."""
    meeting.shows(*meeting.truth)
    until(lambda: colours(meeting.ada) == meeting.truth, "all three pictures")
    meeting.never_lied()


@pytest.mark.parametrize("lie", LABELS.values(), ids=LABELS.keys())
def test_whatever_it_says_of_feeds_each_picture_stands_under_its_name(meeting: Meeting, lie: str) -> None:
    meeting.is_honest_again()
    meeting.application.lie(meeting.ada, lie)
    meeting.ada.wait_for_timeout(2_500)
    meeting.shows(meeting.bob, meeting.cyd)
    meeting.never_lied()


@pytest.mark.parametrize("lie", MISTAKEN.values(), ids=MISTAKEN.keys())
def test_what_is_called_something_else_is_not_shown_and_the_page_says_that_it_cannot_be_unlocked(
    meeting: Meeting, lie: str
) -> None:
    meeting.is_honest_again()
    meeting.application.lie(meeting.ada, lie)
    for name in (meeting.bob, meeting.cyd):
        expect(meeting.tile(name)).to_have_attribute("data-video", "off", timeout=SHOWN_MS)
        expect(meeting.tile(name)).to_have_attribute("data-decrypting", "true")  # the voice
    meeting.seal_says("cannot be unlocked")
    meeting.never_lied()


def test_a_change_of_labels_costs_less_than_a_second_of_picture_and_leaves_no_transform_behind(meeting: Meeting) -> None:
    meeting.is_honest_again()
    meeting.ada.wait_for_timeout(1_500)
    streams = len([each for each in meeting.ada.evaluate("counted") if each.startswith("receive-")])
    gaps = []
    for lie in [LABELS["two people's streams swapped"], HONEST] * 3:
        meeting.ada.evaluate(TIME_PICTURES)
        meeting.application.lie(meeting.ada, lie)
        meeting.ada.wait_for_timeout(3_500)
        longest = meeting.ada.evaluate("longest")
        gaps.append(max(longest[meeting.bob], longest[meeting.cyd]))
    assert sorted(gaps)[len(gaps) // 2] < 1_000, gaps
    assert len([each for each in meeting.ada.evaluate("counted") if each.startswith("receive-")]) == streams
    meeting.never_lied()


def test_who_is_moved_to_the_place_of_somebody_else_is_shown_there_at_once(meeting: Meeting) -> None:
    """Who was seen there, and where he himself was seen before, is over: nobody is taken for a copy."""
    meeting.is_honest_again()
    meeting.dismiss()
    feeds = meeting.application.feeds(meeting.ada)
    waits = []
    for feed in feeds:  # the first free place is the same for each
        meeting.application.keep(meeting.ada, [])
        for name in (meeting.bob, meeting.cyd):
            expect(meeting.tile(name)).to_have_attribute("data-video", "off", timeout=SHOWN_MS)
        began = time.monotonic()
        meeting.application.keep(meeting.ada, [feed])
        expect(meeting.ada.locator("[data-testid=tile][data-video=on]")).to_have_count(1, timeout=SHOWN_MS)
        waits.append(time.monotonic() - began)
        assert meeting.ada.get_by_test_id("banner").get_attribute("data-code") != "duplicate", waits
    assert min(waits) < 1.5, waits
    meeting.application.keep(meeting.ada, list(feeds))
    meeting.shows(*meeting.truth)
    meeting.never_lied()


@dataclass
class Cables:
    """Two feeds of the provider's own making, in place of Bob's and Cyd's."""

    first: Line
    second: Line
    own: list[str]


@pytest.fixture(scope="module")
def cables(meeting: Meeting) -> Iterator[Cables]:
    meeting.is_honest_again()
    feeds = meeting.application.feeds(meeting.ada)
    with_screen = next(feed for feed, streams in feeds.items() if any(each["track"] == "screen" for each in streams))
    bob, cyd = with_screen, next(feed for feed in feeds if feed != with_screen)
    made = [meeting.switchboard.make_line(name) for name in ("first", "second")]
    for name, feed, line in zip(("bob", "cyd"), (bob, cyd), made, strict=True):
        meeting.switchboard.tap(name, feed, line)
    yield Cables(*made, [bob, cyd])
    meeting.switchboard.close()


def test_a_copy_of_a_feed_is_thrown_away_and_named(meeting: Meeting, cables: Cables) -> None:
    """Two feeds with one source id."""
    meeting.dismiss()
    forget(meeting.ada)
    meeting.switchboard.connect(bob=cables.first)
    expect(meeting.ada.get_by_test_id("banner")).to_have_attribute("data-code", "duplicate", timeout=SHOWN_MS)
    meeting.ada.wait_for_timeout(1_000)
    meeting.shows(*meeting.truth)
    meeting.never_lied()
    meeting.switchboard.connect(bob=None)
    meeting.dismiss()


def by_cable(meeting: Meeting, cables: Cables) -> None:
    """Ada has Bob's and Cyd's camera and voice from the provider's own feeds alone."""
    meeting.application.keep(meeting.ada, [cables.first.feed, cables.second.feed])
    meeting.switchboard.connect(bob=cables.first, cyd=cables.second)
    forget(meeting.ada)
    meeting.shows(meeting.bob, meeting.cyd)


def test_two_people_swapped_in_the_middle_of_their_streams_are_not_shown(meeting: Meeting, cables: Cables) -> None:
    by_cable(meeting, cables)
    meeting.switchboard.connect(bob=cables.second, cyd=cables.first)
    for name in (meeting.bob, meeting.cyd):
        expect(meeting.tile(name)).to_have_attribute("data-lock", "unreadable", timeout=SHOWN_MS)
        expect(meeting.tile(name)).to_have_attribute("data-video", "off")
    meeting.seal_says("2 people cannot be unlocked")
    meeting.never_lied()
    meeting.switchboard.connect(bob=cables.first, cyd=cables.second)
    meeting.shows(meeting.bob, meeting.cyd)
    meeting.never_lied()


def test_what_was_said_and_shown_before_is_not_played_again(meeting: Meeting, cables: Cables) -> None:
    by_cable(meeting, cables)
    meeting.ada.wait_for_timeout(1_500)
    meeting.switchboard.connect(bob=None)
    meeting.switchboard.play_again("bob", cables.first, seconds=6)
    expect(meeting.tile(meeting.bob)).to_have_attribute("data-lock", "unreadable", timeout=SHOWN_MS)
    expect(meeting.tile(meeting.bob)).to_have_attribute("data-video", "off")
    assert meeting.reason(meeting.bob) == "Old frames are being played again."
    meeting.seal_says(f"{meeting.bob} cannot be unlocked")
    meeting.shows(meeting.cyd)
    meeting.never_lied()
    meeting.switchboard.connect(bob=cables.first)
    meeting.shows(meeting.bob)


def test_who_is_hidden_is_still_named_and_the_page_says_that_nothing_comes(meeting: Meeting, cables: Cables) -> None:
    by_cable(meeting, cables)
    meeting.application.keep(meeting.ada, [cables.second.feed])
    expect(meeting.tile(meeting.bob)).to_have_attribute("data-lock", "silent", timeout=SHOWN_MS)
    expect(meeting.tile(meeting.bob)).to_have_attribute("data-video", "off")
    meeting.shows(meeting.cyd)
    meeting.never_lied()
    meeting.application.keep(meeting.ada, cables.own)
    meeting.shows(*meeting.truth)
    meeting.never_lied()
