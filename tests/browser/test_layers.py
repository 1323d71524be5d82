"""Two sizes of one camera through real Janus: each receiver is sent the one that it asks for, encrypted as always."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import BrowserContext

from tests.browser.call_scene import LARGE, SMALL, ask_for_height, enter, shows, width
from tests.browser.lossy_line import LossyLine
from tests.browser.provider_site import ProviderSite

pytestmark = pytest.mark.browser
Profile = Callable[..., BrowserContext]


@pytest.fixture(scope="module")
def site() -> Iterator[ProviderSite]:
    running = ProviderSite()
    try:
        running.start()
        yield running
    finally:
        running.stop()


def test_each_receiver_is_sent_the_size_that_he_shows(site: ProviderSite, profile: Profile) -> None:
    anna = enter(site, profile, "anna", width="640", height="360")
    viewers = [enter(site, profile, who, camera="0") for who in ("berta", "clara")]
    for page in viewers:
        shows(page, LARGE)
    berta, clara = viewers
    ask_for_height(berta, 90)
    shows(berta, SMALL)
    assert width(clara) == LARGE
    ask_for_height(clara, 180)
    shows(clara, SMALL)
    ask_for_height(berta, 720)
    shows(berta, LARGE)
    assert width(clara) == SMALL
    for page in (anna, berta, clara):
        assert page.evaluate("seen.problems") == []
    layers = anna.evaluate(
        "connections[0].getStats().then((all) => [...all.values()].filter(({ type, kind }) => type === 'outbound-rtp' &&"
        " kind === 'video').map(({ rid, frameWidth, framesSent }) => [rid, frameWidth, framesSent > 20]))"
    )
    assert sorted(layers) == [["h", LARGE, True], ["l", SMALL, True]]


# The longest time between two pictures that were shown, in ms, since it was asked for.
WATCH_PICTURE = """() => {
  const video = [...document.querySelectorAll('video')].find(({ videoWidth }) => videoWidth > 0);
  let last = performance.now();
  window.longest = 0;
  const seen = (now) => { longest = Math.max(longest, now - last); last = now; video.requestVideoFrameCallback(seen); };
  video.requestVideoFrameCallback(seen);
}"""
MUCH_LOSS = 0.15
FROZEN_MS = 2_000


@pytest.mark.alone
def test_a_line_that_loses_packets_carries_the_small_picture_until_it_is_good_again(site: ProviderSite, profile: Profile) -> None:
    enter(site, profile, "anna", width="640", height="360")
    with LossyLine(site.turn_port) as line:
        context = profile()
        context.add_init_script(line.script)
        berta = context.new_page()
        berta.goto(site.page("berta", camera="0"))
        shows(berta, LARGE)
        berta.evaluate(WATCH_PICTURE)
        line.loss = MUCH_LOSS
        shows(berta, SMALL)
        line.loss = 0
        shows(berta, LARGE)
        assert berta.evaluate("longest") < FROZEN_MS
        assert berta.evaluate("[seen.problems, seen.states]") == [[], ["connecting", "connected"]]


def test_a_small_camera_has_one_size(site: ProviderSite, profile: Profile) -> None:
    enter(site, profile, "anna", width="320", height="180")
    berta = enter(site, profile, "berta", camera="0")
    shows(berta, 320)
    ask_for_height(berta, 90)
    berta.wait_for_timeout(1500)
    shows(berta, 320)
    assert berta.evaluate("seen.problems") == []


ANSWERS = {
    "as offered": ("h;l", "taken"),
    "in another order": ("l;h", "sdp_sections"),
    "one that was not offered": ("h;x", "sdp_sections"),
    "one of them": ("h", "sdp_layers"),
    "one twice": ("h;h", "sdp_layers"),
    "paused": ("h;~l", "sdp_layers"),
    "a choice of two": ("h,l", "sdp_layers"),
}


def answer(*more: str) -> str:
    lines = ["v=0", "o=- 17 2 IN IP4 192.0.2.7", "s=-", "t=0 0", "a=group:BUNDLE 1", "a=ice-lite"]
    lines += ["m=video 9 UDP/TLS/RTP/SAVPF 96 97", "c=IN IP4 192.0.2.7", "a=recvonly", "a=mid:1", "a=rtcp-mux"]
    lines += ["a=ice-ufrag:abcd", "a=ice-pwd:abcdefghijklmnopqrstuv", f"a=fingerprint:sha-256 {':'.join(['AB'] * 32)}"]
    lines += ["a=setup:active", "a=rtpmap:96 VP8/90000", "a=rtpmap:97 rtx/90000", "a=fmtp:97 apt=96", *more]
    return "\r\n".join(lines) + "\r\n"


def test_an_answer_takes_the_layers_that_were_offered_or_none(site: ProviderSite, profile: Profile) -> None:
    page = enter(site, profile, "anna")
    check = """async (text) => {
        const { checkAnswer } = await import('/call/sdp.js');
        const offered = [{ mid: '1', kind: 'video', rids: ['h', 'l'] }];
        try { return checkAnswer(text, offered).media[0].rids.join() || 'none'; } catch (error) { return error.code; }
    }"""
    found = {name: page.evaluate(check, answer(f"a=simulcast:recv {layers}")) for name, (layers, _) in ANSWERS.items()}
    assert found == {name: "h,l" if code == "taken" else code for name, (_, code) in ANSWERS.items()}
    assert page.evaluate(check, answer()) == "none"
    assert page.evaluate(check, answer("a=simulcast:send h;l")) == "sdp_layers"


def test_a_narrow_line_gets_the_small_layer_until_it_is_good_again(site: ProviderSite, profile: Profile) -> None:
    page = enter(site, profile, "anna")
    run = """async (looks) => {
        const { weigh } = await import('/call/layers.js');
        const choice = { height: 720, layer: null, lost: 0, received: 0, poor: 0, good: 0, narrow: false };
        let [lost, received] = [0, 0];
        return looks.map((share) => {
            [lost, received] = [lost + share, received + 100 - share];
            weigh(choice, lost, received);
            return choice.narrow;
        });
    }"""
    assert page.evaluate(run, [20, 0, 20]) == [False, False, False]
    assert page.evaluate(run, [20, 20, 5, 5, 5, 5, 5, 5, 5]) == [False, *[True] * 8]
    assert page.evaluate(run, [20, 20, *[0] * 6]) == [False, *[True] * 6, False]
