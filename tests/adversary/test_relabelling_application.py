"""Attacker: the conference application ([PERC] 4.2, 4.7; requirement MEDIA-3) that connects, and lies about whose media is whose.

It is ours but for what it tells the page of the streams. Names come from the signed roster and stand where frames really open, so
its labels move nobody's picture; where a lie changes what is authenticated, the picture is missing, and says so.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, Route, expect

from config.env import ROOT
from tests.adversary.hostile_application import begin_again, profile_of
from tests.browser.joining import join
from tests.scenes import Scene
from tests.stack import Stack

pytestmark = [pytest.mark.browser, pytest.mark.requirement("MEDIA-3")]
OURS = ROOT / "static/provider/frame.js"
FOR_ALL = {"Access-Control-Allow-Origin": "*", "Content-Type": "text/javascript"}  # as the provider sends it
TOLD = "page?.postMessage(JSON.stringify(message));"
BREAK_OFF = "\nwindow.breakOff = () => page?.postMessage('enough');\n"
SHOWN_MS = 20_000
# What becomes of the streams that the page is told of; `feeds` are the two people's.
LABELS: dict[str, str] = {
    "two people's streams swapped": "({ ...s, feed: feeds[1 - feeds.indexOf(s.feed)] ?? s.feed })",
    "all streams under one person's feed": "({ ...s, feed: feeds[0] })",
    "all streams under a feed that nobody has": "({ ...s, feed: 'F'.repeat(22) })",
    "a person's streams not told of": "(s.feed === feeds[0] ? [] : s)",
    "no stream told of": "[]",
    "two people's sections swapped": "({ ...s, mid: twin(s)?.mid ?? s.mid })",
    "told of twice": "[s, s]",
}
TRACKS: dict[str, str] = {
    "cameras called screens": "({ ...s, track: s.track === 'camera' ? 'screen' : s.track })",
    "cameras called microphones": "({ ...s, track: s.track === 'camera' ? 'mic' : s.track })",
}


@dataclass
class LyingApplication:
    """Our conference application in ``context``, changed by ``lie`` (an expression over a stream ``s``) from the next line on."""

    context: BrowserContext
    provider: str
    lie: str = "s"

    def serve(self) -> None:
        self.context.route(f"{self.provider}/app/frame.js", self._change)

    def _change(self, route: Route) -> None:
        text = OURS.read_text(encoding="utf-8")
        assert TOLD in text
        lying = f"""
        const told = message.streams ?? [];
        const feeds = [...new Set(told.map(({{ feed }}) => feed))].sort();
        const twin = (s) => told.find(({{ feed, track }}) => feed !== s.feed && track === s.track);
        const streams = told.flatMap((s) => {self.lie});
        page?.postMessage(JSON.stringify(message.type === 'offer' ? {{ ...message, streams }} : message));"""
        route.fulfill(headers=FOR_ALL, body=text.replace(TOLD, lying) + BREAK_OFF)


@dataclass
class Meeting:
    """Ada is lied to; Bob has no camera on, Cyd has: so it shows whose picture stands where."""

    scene: Scene
    ada: Page
    application: LyingApplication
    names: tuple[str, str]

    def lie(self, lie: str) -> None:
        self.application.lie = lie
        frame = self.ada.locator("#provider-frame iframe").element_handle().content_frame()
        assert frame is not None
        frame.evaluate("breakOff()")
        expect(self.ada.get_by_test_id("stage")).to_have_attribute("data-media", "failed")
        begin_again(self.ada)

    def tile(self, name: str) -> Locator:
        return self.ada.locator("[data-testid=tile]").filter(has=self.ada.get_by_text(name, exact=True))

    def is_true(self) -> None:
        """Roster, names and the KMF's records are as they were."""
        expect(self.ada.get_by_test_id("people-count")).to_have_text("3")
        for name in self.names:
            expect(self.tile(name)).to_have_count(1)
        assert self.scene.audit("endpoint.left") == []


@pytest.fixture(scope="module")
def meeting(stack: Stack, browser: Browser) -> Iterator[Meeting]:
    scene = Scene.schedule(stack)
    accounts = [*stack.accounts("participant"), *stack.accounts("initiator")][:3]
    contexts = [profile_of(browser) for _ in accounts]
    application = LyingApplication(contexts[0], stack.origins.provider)
    application.serve()
    ada, bob, _cyd = (join(context, scene.uri, account) for context, account in zip(contexts, accounts, strict=True))
    bob.get_by_test_id("toggle-camera").click()
    names = {fact["details"]["identity"]: fact["details"]["name"] for fact in scene.audit("endpoint.connected")}
    yield Meeting(scene, ada, application, (names[accounts[1]["email"]], names[accounts[2]["email"]]))
    for context in contexts:
        context.close()


def test_without_a_lie_each_picture_stands_under_its_name(meeting: Meeting) -> None:
    """Without this the rest would prove little."""
    bob, cyd = (meeting.tile(name) for name in meeting.names)
    expect(cyd).to_have_attribute("data-video", "on", timeout=SHOWN_MS)
    expect(bob).to_have_attribute("data-decrypting", "true", timeout=SHOWN_MS)
    expect(bob).to_have_attribute("data-video", "off")
    meeting.is_true()


@pytest.mark.parametrize("lie", LABELS.values(), ids=LABELS.keys())
def test_whatever_it_says_of_feeds_each_picture_stands_under_its_name(meeting: Meeting, lie: str) -> None:
    meeting.lie(lie)
    bob, cyd = (meeting.tile(name) for name in meeting.names)
    expect(cyd).to_have_attribute("data-video", "on", timeout=SHOWN_MS)
    expect(bob).to_have_attribute("data-decrypting", "true", timeout=SHOWN_MS)
    expect(bob).to_have_attribute("data-video", "off")
    meeting.is_true()


@pytest.mark.parametrize("lie", TRACKS.values(), ids=TRACKS.keys())
def test_a_camera_is_not_taken_for_something_else(meeting: Meeting, lie: str) -> None:
    """What a track is, its frames say under authentication: under another label none opens."""
    meeting.lie(lie)
    bob, cyd = (meeting.tile(name) for name in meeting.names)
    for tile in (bob, cyd):
        expect(tile).to_have_attribute("data-decrypting", "true", timeout=SHOWN_MS)  # their voices
        expect(tile).to_have_attribute("data-video", "off")
    assert meeting.ada.locator('[data-testid=tile][data-video="on"]').count() == 0
    meeting.is_true()


def test_who_is_hidden_is_still_named(meeting: Meeting) -> None:
    """It may leave everybody out. Then the page says that nothing comes from them, and they stay in the signed list."""
    meeting.application.lie = "s"
    meeting.ada.context.unroute(f"{meeting.application.provider}/app/frame.js")
    meeting.ada.context.route(
        f"{meeting.application.provider}/app/frame.js",
        lambda route: route.fulfill(
            headers=FOR_ALL,
            body="onmessage = ({ source, data, ports }) => { if (data?.type === 'conference-application?')"
            " source.postMessage({ type: 'conference-application' }, '*'); ports[0]?.start(); };",
        ),
    )
    frame = meeting.ada.locator("#provider-frame iframe").element_handle().content_frame()
    assert frame is not None
    frame.evaluate("breakOff()")
    expect(meeting.ada.get_by_test_id("stage")).to_have_attribute("data-media", "failed")
    begin_again(meeting.ada)
    for name in meeting.names:
        expect(meeting.tile(name)).to_have_attribute("data-decrypting", "false", timeout=SHOWN_MS)
        expect(meeting.tile(name)).to_have_attribute("data-video", "off", timeout=SHOWN_MS)
    meeting.is_true()
