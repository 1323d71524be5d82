"""Attacker: a script in the core application ([PERC] 4.2; requirement CORE-PAGE-1), which is assumed to happen.

He has script rights on the core origin, without any of our headers, in the browser of a participant who is in a conference.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.adversary.hostile_application import browser_for_a_public_provider, profile_of, stands_unharmed
from tests.adversary.hostile_core import act_as_core, attempt
from tests.browser.joining import JOIN_TIMEOUT_MS, join
from tests.scenes import Scene
from tests.stack import Stack

pytestmark = [pytest.mark.browser, pytest.mark.requirement("CORE-PAGE-1")]
PLACE = "/hostile"
REFUSED = "chrome-error://chromewebdata/"
LOOKS = 200
# A request whose answer he may not read, and what its state is afterwards is asserted for all of them.
OUT_OF_REACH: dict[str, tuple[str, str]] = {
    "the endpoint page's text": ("fetch('{uri}', { credentials: 'include' })", "TypeError"),
    "the manifest": ("fetch('{kmf}/endpoint/manifest.json')", "TypeError"),
    "the page's modules as his own": ("script('{kmf}/endpoint/page/main.js')", "refused"),
    "the worker's modules as his own": ("script('{kmf}/endpoint/worker/session/grant.js')", "refused"),
    "the worker": ("new Worker('{kmf}/endpoint/worker/worker.js', { type: 'module' })", "SecurityError"),
    "a key, asking first": ("fetch('{kmf}/keys', { method: 'POST', headers: { DPoP: 'x' }, body: '{}' })", "TypeError"),
    "a key, without asking": ("blindly('{kmf}/keys')", "opaque 0"),
    "a token, asking first": ("fetch('{kmf}/token', { method: 'POST', headers: { DPoP: 'x' } })", "TypeError"),
    "a token, without asking": ("blindly('{kmf}/token')", "opaque 0"),
    "a leave in her name": ("blindly('{kmf}/conferences/{conference}/leave')", "opaque 0"),
    "the door of the conference": ("blindly('{kmf}/conferences/{conference}/moderation')", "opaque 0"),
    "a report of presence": ("blindly('{kmf}/presence')", "opaque 0"),
    "an order to the provider": ("blindly('{provider}/orders')", "opaque 0"),
    "the push socket": ("socket('{kmf}/conferences/{conference}/events')", "closed"),
    "a code by request": ("fetch('{code}', { credentials: 'include' })", "TypeError"),
    "a code by the address of a redirect": (
        "fetch('{code}', { credentials: 'include', mode: 'no-cors', redirect: 'manual' })",
        "TypeError",
    ),
    "a form of the account page": ("fetch('{auth}/account', { credentials: 'include' })", "TypeError"),
    "the session's cookie": ("/session|csrf/.test(document.cookie)", "false"),
    "a passkey of the sign-in page": (
        "navigator.credentials.get({ publicKey: { challenge: new Uint8Array(32), rpId: new URL('{auth}').hostname } })",
        "SecurityError",
    ),
    "a service worker": ("navigator.serviceWorker.register('/static/core/main.js', { scope: '/static/core/' })", "TypeError"),
    "a word with her page's worker": (
        "(new BroadcastChannel('conclave-step-up').postMessage({ code: 'x', state: 'y' }), 'said')",
        "said",
    ),
    "what her page stored": ("indexedDB.databases().then((all) => all.length)", "0"),
    "a window of hers by name": ("open('', 'conclave-keys') === null ? 'null' : 'a new one'", "a new one"),
}
FRAMED = {
    "the conference": ("{uri}", "iframe"),
    "the conference embedded": ("{uri}", "embed"),
    "the callback": ("{kmf}/callback?code=x&state=y", "iframe"),
    "the sign-in page": ("{auth}/sign-in", "iframe"),
    "the way to a code": ("{code}", "iframe"),
    "the core frame's document": ("{core}/frame", "iframe"),
}


@dataclass
class Case:
    """Ada's page in the conference, and the attacker's page beside it in the same profile."""

    scene: Scene
    ada: Page
    hostile: Page

    def code(self, redirect_uri: str) -> str:
        """Address at which somebody who is signed in gets a code at once."""
        origins = self.scene.stack.origins
        query = {
            "response_type": "code", "client_id": "endpoint", "redirect_uri": redirect_uri, "state": "s" * 22,
            "scope": f"conference:{self.scene.conference_id}", "code_challenge": "A" * 43, "code_challenge_method": "S256",
            "dpop_jkt": "A" * 43, "resource": origins.kmf,
        }  # fmt: skip
        return f"{origins.auth}/authorize?{urlencode(query)}"

    def attempt(self, expression: str) -> str:
        code = self.code(f"{self.scene.stack.origins.kmf}/callback")
        return attempt(self.hostile, self.scene, expression.replace("{code}", code))

    def unharmed(self) -> None:
        for page in self.ada.context.pages:
            if page not in (self.ada, self.hostile):
                page.close()
        stands_unharmed(self.ada, self.scene, pages=2)
        assert self.scene.audit("key.denied") == []
        assert len(self.scene.audit("key.released")) == 1
        expect(self.ada.get_by_test_id("people-count")).to_have_text("1")


@pytest.fixture(scope="module")
def case(stack: Stack, browser: Browser) -> Iterator[Case]:
    scene = Scene.schedule(stack)
    with browser_for_a_public_provider(browser) as chromium:
        context = profile_of(chromium)
        act_as_core(context, scene, PLACE)
        ada = join(context, scene.uri, stack.accounts("participant")[0])
        hostile = context.new_page()
        hostile.goto(stack.origins.core)  # she is signed in here, too
        expect(hostile).to_have_url(f"{stack.origins.core}/")
        hostile.goto(stack.origins.core + PLACE)
        yield Case(scene, ada, hostile)
        context.close()


@pytest.mark.parametrize(("expression", "result"), OUT_OF_REACH.values(), ids=OUT_OF_REACH.keys())
def test_he_does_not_reach(case: Case, expression: str, result: str) -> None:
    assert case.attempt(expression) == result
    case.unharmed()


@pytest.mark.parametrize(("address", "element"), FRAMED.values(), ids=FRAMED.keys())
def test_he_does_not_frame(case: Case, address: str, element: str) -> None:
    before = set(case.hostile.frames)
    assert case.attempt(f"frameOf('{address}', '{element}')") == "undefined"
    for _ in range(LOOKS):
        case.hostile.wait_for_timeout(100)  # frames are told of meanwhile
        told = [frame.url for frame in set(case.hostile.frames) - before]
        if any(told):
            break
    assert told == [REFUSED]
    case.attempt("document.querySelectorAll('iframe, object, embed').forEach((each) => each.remove())")
    case.unharmed()


def test_a_window_that_he_opens_is_not_his_any_more(case: Case) -> None:
    """COOP: he keeps a handle to nothing, and the conference page there knows no opener."""
    with case.ada.context.expect_page() as opened:
        case.hostile.evaluate("(uri) => { window.opened = open(uri, 'mine'); }", case.scene.uri)
    expect(opened.value.locator("body")).to_have_attribute("data-state", "prejoin", timeout=JOIN_TIMEOUT_MS)
    assert case.hostile.evaluate("opened.closed")
    assert opened.value.evaluate("window.opener === null && window.name === ''")
    case.unharmed()


def test_a_code_of_his_is_not_taken_by_her_page(case: Case) -> None:
    with case.ada.context.expect_page() as opened:
        case.hostile.evaluate("(url) => { open(url); }", f"{case.scene.stack.origins.kmf}/callback?code=his&state={'s' * 22}")
    expect(opened.value.locator("body")).to_have_attribute("data-state", "ended", timeout=JOIN_TIMEOUT_MS)
    assert "code=" not in opened.value.url
    case.unharmed()


@pytest.mark.parametrize("place", ["/signed-in", PLACE, "/"])
def test_no_code_comes_to_his_address(case: Case, place: str) -> None:
    """She is signed in: a registered redirect URI would be answered at once, without a page."""
    origins = case.scene.stack.origins
    page = case.ada.context.new_page()
    answer = page.goto(case.code(origins.core + place))
    assert answer is not None
    assert (answer.status, page.url.startswith(origins.auth)) == (400, True)
    case.unharmed()


def test_her_cookies_are_nothing_to_the_kmf(case: Case) -> None:
    """Cookies of all origins, as if he could read them: the KMF sees none."""
    stack = case.scene.stack
    cookies = {cookie["name"]: cookie["value"] for cookie in case.ada.context.cookies()}
    assert cookies
    with stack.http(stack.origins.kmf, cookies=cookies) as carrying, stack.http(stack.origins.kmf) as plain:
        assert carrying.get(f"/c/{case.scene.conference_id}").content == plain.get(f"/c/{case.scene.conference_id}").content
        for path in ("/keys", "/token", f"/conferences/{case.scene.conference_id}/moderation"):
            answer = carrying.post(path, content=b"{}", headers={"Content-Type": "application/json"})
            assert answer.status_code in (400, 401)
            assert "Encryption-Key" not in answer.headers
    case.unharmed()


def test_her_cookies_of_the_core_application_are_nothing_to_the_sign_in(case: Case) -> None:
    stack = case.scene.stack
    cookies = {cookie["name"]: cookie["value"] for cookie in case.ada.context.cookies(stack.origins.core)}
    assert "sessionid" in "".join(cookies)
    with stack.http(stack.origins.auth, cookies=cookies) as client:
        answer = client.get(case.code(f"{stack.origins.kmf}/callback").removeprefix(stack.origins.auth))
    assert "code=" not in answer.headers.get("Location", "")
    case.unharmed()
