"""axe-core on sign-in and on the endpoint page before a conference, in light and dark, wide and narrow: no violation."""

import re
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from config.env import ROOT
from tests.browser.axe import is_accessible, scrolls_sideways
from tests.browser.joining import JOIN_TIMEOUT_MS, sign_in, until
from tests.scenes import Scene
from tests.stack import Stack

pytestmark = pytest.mark.browser
# A phone's width, and what is left of a small window that was enlarged to 200 % (and to 400 %) of 1280 by 1024.
NARROW = ({"width": 320, "height": 640}, {"width": 640, "height": 512}, {"width": 320, "height": 256})
FULL = {"width": 1280, "height": 800}


@pytest.fixture
def scene(stack: Stack) -> Scene:
    return Scene.schedule(stack, title="Accessible to all")


def is_narrow_enough(page: Page, state: str) -> None:
    for size in NARROW:
        page.set_viewport_size(size)
        until(lambda: not scrolls_sideways(page), f"{state} to fit into {size}", 5)
    page.set_viewport_size(FULL)


def holds(page: Page, state: str) -> None:
    is_accessible(page, state)
    is_narrow_enough(page, state)


def shown(page: Page, state: str, code: str = "") -> None:
    expect(page.locator("body")).to_have_attribute("data-state", state, timeout=JOIN_TIMEOUT_MS)
    if code:
        expect(page.locator("body")).to_have_attribute("data-code", code, timeout=JOIN_TIMEOUT_MS)


# What a browser lacks, as one that lacks it answers; code of words.js.
REFUSES = """
const native = SubtleCrypto.prototype.generateKey;
SubtleCrypto.prototype.generateKey = function (algorithm, ...others) {
  const isMissing = MISSING.includes(algorithm.name ?? algorithm);
  return isMissing ? Promise.reject(new DOMException('', 'NotSupportedError')) : native.call(this, algorithm, ...others);
};
"""
LACKING = {
    "transform": "delete window.RTCRtpScriptTransform",
    "agreement": REFUSES.replace("MISSING", "['X25519', 'ECDH']"),
    "identity": REFUSES.replace("MISSING", "['Ed25519']"),
    "devices": "delete Navigator.prototype.mediaDevices",
    "storage": "IDBFactory.prototype.open = () => { throw new DOMException('', 'SecurityError'); }",
}
DETAILS = {
    "transform": "RTCRtpScriptTransform",
    "agreement": "X25519 or P-256 in Web Cryptography",
    "identity": "Ed25519 in Web Cryptography",
    "devices": "navigator.mediaDevices",
    "storage": "IndexedDB",
}


@pytest.mark.parametrize("lacking", LACKING)
def test_a_browser_that_cannot(scene: Scene, profile, lacking: str) -> None:
    """It says what is missing, offers nothing, and asks nobody for anything."""
    context = profile()
    context.add_init_script(LACKING[lacking])
    asked: list[tuple[str, str]] = []
    context.on("request", lambda request: asked.append((request.method, urlsplit(request.url).path)))
    page = context.new_page()
    page.goto(scene.uri)
    shown(page, "ended", "browser")
    expect(page.get_by_test_id("gate-title")).to_have_text("This browser cannot take part")
    point = page.locator("#gate-points > li")
    expect(point).to_have_count(1)
    point.locator("summary").click()
    expect(point.locator("details")).to_contain_text(DETAILS[lacking])
    for way_in in ("gate-action", "join", "prejoin", "conference"):
        expect(page.locator(f"#{way_in}")).to_be_hidden()
    loaded = [path for method, path in asked if method == "GET" and path.startswith(("/c/", "/endpoint/", "/static/"))]
    assert len(loaded) == len(asked)
    assert page.workers == []
    if lacking == "transform":
        holds(page, "browser")


WORDS = ROOT / "static" / "endpoint" / "page" / "words.js"
GATES = re.compile(r"^  (\w+): \{ title: \"([^\"]+)\"(.*)\},$", re.MULTILINE)
# As main.js shows it, but without a conference behind it.
SHOW = """async ([code, isBusy]) => {
  const { showGate } = await import('/endpoint/page/gate.js');
  showGate(code, { busy: isBusy, link: !isBusy, onAction: () => undefined });
}"""
BUSY = {"checking", "sign_in", "signing_in", "room_code", "joining", "waiting"}


def test_every_gate(scene: Scene, profile) -> None:
    """What one reads before and after a conference, whatever the reason: said by its words, without a join for each."""
    context = profile()
    context.add_init_script(LACKING["transform"])
    page = context.new_page()
    page.goto(scene.uri)
    shown(page, "ended", "browser")
    page.set_viewport_size(NARROW[0])
    gates = GATES.findall(WORDS.read_text(encoding="utf-8"))
    assert len(gates) > 30
    forms = set()
    for code, title, rest in gates:
        page.evaluate(SHOW, [code, code in BUSY])
        expect(page.get_by_test_id("gate-title")).to_have_text(title)
        assert page.locator("#gate-action").is_visible() == ("action:" in rest), code
        assert page.evaluate("document.activeElement.id") == "gate"
        assert not scrolls_sideways(page), code
        form = (code in BUSY, "action:" in rest)
        if form not in forms:
            forms.add(form)
            is_accessible(page, code)
    assert len(forms) == 4


def test_a_browser_with_the_older_key_agreement_alone_goes_on(scene: Scene, profile) -> None:
    context = profile()
    context.add_init_script(REFUSES.replace("MISSING", "['X25519']"))
    page = context.new_page()
    page.goto(scene.uri)
    page.locator("input[name=login]").wait_for()


def test_sign_in_and_join_screen(scene: Scene, profile) -> None:
    context = profile()
    page = context.new_page()
    page.goto(scene.uri)
    page.locator("input[name=login]").wait_for()
    holds(page, "sign-in")
    sign_in(page, scene.stack.accounts("participant")[0] | {"password": "wrong"})
    page.locator("input[name=login]").wait_for()
    holds(page, "sign-in refused")
    sign_in(page, scene.stack.accounts("participant")[0])
    shown(page, "prejoin")
    expect(page.get_by_test_id("prejoin-camera")).to_have_attribute("aria-pressed", "true")
    holds(page, "join screen")
    page.get_by_test_id("prejoin-camera").click()
    page.evaluate("void (MediaDevices.prototype.getUserMedia = () => Promise.reject(new DOMException('no', 'NotAllowedError')))")
    page.get_by_test_id("prejoin-camera").click()
    page.get_by_test_id("prejoin-help").locator("summary").click()
    holds(page, "join screen, blocked")
