"""Attacker: a script in the core application ([PERC] 4.2; requirement CORE-PAGE-1), which is assumed to happen.

He has script rights on the core origin, without any of our headers, in the browser of a participant who is in a conference.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlencode

import httpx
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
    "a new passkey for the sign-in page": (
        """navigator.credentials.create({ publicKey: {
             challenge: new Uint8Array(32), rp: { name: 'x', id: new URL('{auth}').hostname },
             user: { id: new Uint8Array(8), name: 'x', displayName: 'x' },
             pubKeyCredParams: [{ type: 'public-key', alg: -7 }] } })""",
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
# Requests as they ought to be, but for the token and the proof, which no script can add to a request that it makes blindly.
FORM = "application/x-www-form-urlencoded"
WELL_FORMED: dict[str, tuple[str, str, str, int]] = {
    "a key": ("{kmf}/keys", "text/plain", "{key}", 401),
    "a token for a code": (
        "{kmf}/token",
        FORM,
        "grant_type=authorization_code&client_id=endpoint&code={secret}&code_verifier={secret}&redirect_uri={kmf}/callback&resource={kmf}",
        401,
    ),
    "a token for a refresh token": (
        "{kmf}/token",
        FORM,
        "grant_type=refresh_token&client_id=endpoint&refresh_token={secret}&resource={kmf}",
        401,
    ),
    "a leave": ("{kmf}/conferences/{conference}/leave", "text/plain", "", 401),
    "a look at the door": ("{kmf}/conferences/{conference}/moderation", "text/plain", '{{"action":"look"}}', 401),
    "a lock": ("{kmf}/conferences/{conference}/moderation", "text/plain", '{{"action":"lock"}}', 401),
    "somebody let in": (
        "{kmf}/conferences/{conference}/moderation",
        "text/plain",
        '{{"action":"admit","participant":"{bob}"}}',
        401,
    ),
    "the end at the provider": ("{provider}/orders", "text/plain", '{{"order":"close","handle":"{handle}"}}', 401),
    "a sign-out at the sign-in": ("{auth}/sign-out", FORM, "", 403),
    "a sign-out everywhere": ("{auth}/end-everywhere", FORM, "", 403),
    "a room signed in": ("{auth}/room-code", FORM, "code=BBBBBBBB", 403),
    "the answer to a question": ("{code}", FORM, "decision=confirmed&meant=yes", 403),
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
    """Ada's page in the conference, which is hers, and the attacker's page beside it in the same profile."""

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

    def names(self) -> dict[str, str]:
        """What stands in the requests that he makes; he is taken to know all that is no secret."""
        scene = self.scene
        bob = scene.person("participant", 1)
        return scene.stack.origins.public | {
            "conference": scene.conference_id,
            "handle": scene.handle,
            "key": bob.key_body().decode(),
            "bob": bob.account["email"],
            "secret": "s" * 43,
            "code": self.code(f"{scene.stack.origins.kmf}/callback"),
        }

    def is_signed_in(self) -> bool:
        """Does her session at the sign-in go on?"""
        auth = self.scene.stack.origins.auth
        cookies = {cookie["name"]: cookie["value"] for cookie in self.ada.context.cookies(auth)}
        with self.scene.stack.http(auth, cookies=cookies) as client:
            return client.get("/").status_code == httpx.codes.OK

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
    scene = Scene.schedule(stack, admission="lobby")
    with browser_for_a_public_provider(browser) as chromium:
        context = profile_of(chromium)
        act_as_core(context, scene, PLACE)
        ada = join(context, scene.uri, stack.accounts("initiator")[0])
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


@pytest.mark.parametrize(("address", "kind", "body", "status"), WELL_FORMED.values(), ids=WELL_FORMED.keys())
def test_a_request_without_token_and_proof_does_nothing(case: Case, address: str, kind: str, body: str, status: int) -> None:
    """Sent with her cookies from his page, as a browser lets everybody."""
    names = case.names()
    address = address.format(**names)
    with case.hostile.expect_response(address) as answered:
        case.hostile.evaluate("(given) => { void blindly(...given); }", [address, body.format(**names), kind])
    assert answered.value.status == status
    assert {"encryption-key", "set-cookie"}.isdisjoint(answered.value.all_headers())
    assert case.is_signed_in()
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
    stack, names = case.scene.stack, case.names()
    cookies = {cookie["name"]: cookie["value"] for cookie in case.ada.context.cookies()}
    assert cookies
    with stack.http(stack.origins.kmf, cookies=cookies) as carrying, stack.http(stack.origins.kmf) as plain:
        assert carrying.get(f"/c/{case.scene.conference_id}").content == plain.get(f"/c/{case.scene.conference_id}").content
        for address, kind, body, status in WELL_FORMED.values():
            if address.startswith("{kmf}"):
                headers = {"Content-Type": kind.replace("text/plain", "application/json")}
                path = address.format(**names).removeprefix(stack.origins.kmf)
                answer = carrying.post(path, content=body.format(**names), headers=headers)
                assert answer.status_code == status
                assert "Encryption-Key" not in answer.headers
    case.unharmed()


def test_her_cookies_of_the_core_application_are_nothing_to_the_sign_in(case: Case) -> None:
    stack, names = case.scene.stack, case.names()
    cookies = {cookie["name"]: cookie["value"] for cookie in case.ada.context.cookies(stack.origins.core)}
    assert "sessionid" in "".join(cookies)
    with stack.http(stack.origins.auth, cookies=cookies) as client:
        answer = client.get(case.code(f"{stack.origins.kmf}/callback").removeprefix(stack.origins.auth))
        assert "code=" not in answer.headers.get("Location", "")
        for address, kind, body, _status in WELL_FORMED.values():
            if address.startswith(("{auth}", "{code}")):
                path = address.format(**names).removeprefix(stack.origins.auth)
                answer = client.post(path, content=body.format(**names), headers={"Content-Type": kind})
                assert (answer.status_code, "code=" in answer.headers.get("Location", "")) == (403, False)
    assert case.is_signed_in()
    case.unharmed()


def test_nobody_who_waits_is_let_in_by_his_requests(case: Case) -> None:
    """The order that lets in would be hers to give; with her cookies alone, blindly or replayed, it is nobody's."""
    stack, bob = case.scene.stack, case.scene.person("participant", 0).sign_in()
    assert bob.ask_for_key().json()["error"] == "waiting"
    path, order = (
        f"/conferences/{case.scene.conference_id}/moderation",
        f'{{"action":"admit","participant":"{bob.account["email"]}"}}',
    )
    assert case.hostile.evaluate("(given) => blindly(...given)", [stack.origins.kmf + path, order]) == "opaque 0"
    cookies = {cookie["name"]: cookie["value"] for cookie in case.ada.context.cookies()}
    with stack.http(stack.origins.kmf, cookies=cookies) as carrying:
        assert carrying.post(path, content=order, headers={"Content-Type": "application/json"}).status_code == 401
    answer = bob.ask_for_key()
    assert (answer.json()["error"], "Encryption-Key" in answer.headers) == ("waiting", False)
    assert case.scene.audit("participant.admitted") == []
    assert case.scene.epochs() == [(1, "current")]
    assert len(case.scene.audit("key.released")) == 1
