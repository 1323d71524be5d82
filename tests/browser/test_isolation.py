"""In the running page: what a foreign script would not get if one ever ran there, and what of the worker reaches the page."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.joining import JOIN_TIMEOUT_MS, join
from tests.scenes import Scene
from tests.small_devices import SMALL_DEVICES
from tests.stack import Stack

pytestmark = [pytest.mark.browser, pytest.mark.requirement("ISOLATION-1")]
# Keeps what page and worker say to each other.
OVERHEAR = """
window.overheard = [];
const NativeWorker = Worker;
const describe = (value) => JSON.stringify(value, (name, part) =>
  name !== 'identityKey' && (part instanceof CryptoKey || part instanceof ArrayBuffer || ArrayBuffer.isView(part))
    ? 'BYTES OR KEY' : part);
window.Worker = class extends NativeWorker {
  constructor(...given) {
    super(...given);
    this.addEventListener('message', ({ data }) => window.overheard.push(describe(data)));
  }
};
"""
# After the call stack of the test's own evaluation is gone, the page's policy holds for what runs.
ATTEMPT = """(expression) => new Promise((resolve) => setTimeout(async () => {
  try { resolve(String(await EXPRESSION)); } catch (error) { resolve(error.name); }
}))"""
VIOLATION = (
    "new Promise((yes) => {{ addEventListener('securitypolicyviolation', (e) => yes(e.effectiveDirective), {{ once: true }});"
    " setTimeout(() => yes('none'), 3000); {} }})"
)

# What a script in the page tries; what it gets: a value as text, or the name of the error.
IN_PAGE: dict[str, tuple[str, str]] = {
    "code from text": ("eval('1')", "EvalError"),
    "a function from text": ("new Function('return 1')()", "EvalError"),
    "markup": ("(document.body.innerHTML = '<b></b>')", "TypeError"),
    "markup in a frame": ("(document.createElement('iframe').srcdoc = '<b></b>')", "TypeError"),
    "an inline script": ("(document.createElement('script').textContent = 'x')", "TypeError"),
    "a script by address": ("(document.createElement('script').src = '/endpoint/page/words.js')", "TypeError"),
    "a policy of its own": ("trustedTypes.createPolicy('own', { createHTML: (x) => x })", "TypeError"),
    "our policy again": ("trustedTypes.createPolicy('conclave-worker', { createScriptURL: (x) => x })", "TypeError"),
    "another worker": ("new Worker('/endpoint/worker/elapsed.js')", "TypeError"),
    "a worker from text": ("new Worker(URL.createObjectURL(new Blob(['1'])))", "TypeError"),
    "a module from text": ("import('data:text/javascript,export default 1')", "TypeError"),
    "the worker's modules": ("import('/endpoint/worker/session/grant.js')", "TypeError"),
    "a service worker": ("navigator.serviceWorker.register('/endpoint/worker/worker.js')", "TypeError"),
    "the provider": ("fetch('{provider}/health')", "TypeError"),
    "the core application": ("fetch('{core}/health', { mode: 'no-cors' })", "TypeError"),
    "a socket to the provider": (VIOLATION.format("new WebSocket('{provider}'.replace('http', 'ws'))"), "connect-src"),
    "an image elsewhere": (VIOLATION.format("new Image().src = '{core}/static/style/mark.svg'"), "img-src"),
    "a frame elsewhere": (
        VIOLATION.format("const f = document.createElement('iframe'); f.src = '{auth}/sign-in'; document.body.append(f)"),
        "frame-src",
    ),
    "an inline style": (
        VIOLATION.format("const s = document.createElement('style'); s.textContent = 'b {{}}'; document.head.append(s)"),
        "style-src-elem",
    ),
    "another base": (
        VIOLATION.format("const b = document.createElement('base'); b.href = '{core}/'; document.head.append(b)"),
        "base-uri",
    ),
    "an opener": ("window.opener", "null"),
    "a process with other origins": ("window.originAgentCluster", "true"),
    "the provider's frame": ("document.querySelector('#provider-frame iframe').contentDocument", "null"),
    "devices for the provider's frame": (
        "document.querySelector('#provider-frame iframe').featurePolicy.allowsFeature('camera')",
        "false",
    ),
    "storage": ("JSON.stringify([Object.keys(localStorage), sessionStorage.length])", '[["conclave-choices"],0]'),  # no secret
    "cookies": ("JSON.stringify(document.cookie)", '""'),
}
IN_WORKER: dict[str, tuple[str, str]] = {
    "code from text": ("eval('1')", "EvalError"),
    "a module from text": ("import('data:text/javascript,export default 1')", "TypeError"),
    "the provider": ("fetch('{provider}/health')", "TypeError"),
    "the core application": ("fetch('{core}/health', { mode: 'no-cors' })", "TypeError"),
    "a socket to the provider": (
        "new Promise((yes) => { const s = new WebSocket('{provider}'.replace('http', 'ws')); s.onerror = () => yes('closed'); })",
        "closed",
    ),
    "a worker of its own": ("new Worker('/endpoint/worker/elapsed.js')", "TypeError"),
    "a policy of its own": ("trustedTypes.createPolicy('own', {})", "TypeError"),
}


@pytest.fixture(scope="module")
def scene(stack: Stack) -> Scene:
    return Scene.schedule(stack)


@pytest.fixture(scope="module")
def page(scene: Scene, browser: Browser) -> Iterator[Page]:
    """A page in the conference, of which everything that its worker says was overheard."""
    context = browser.new_context(permissions=["camera", "microphone"])
    context.set_default_timeout(30_000)
    context.add_init_script(SMALL_DEVICES)
    context.add_init_script(OVERHEAR)
    yield join(context, scene.uri, scene.stack.accounts("participant")[0])
    context.close()


def filled(scene: Scene, expression: str) -> str:
    for name, origin in scene.stack.origins.public.items():
        expression = expression.replace(f"{{{name}}}", origin)
    return expression


def stands(page: Page, scene: Scene) -> None:
    assert page.url == scene.uri
    expect(page.locator("body")).to_have_attribute("data-state", "in-conference")
    assert scene.audit("endpoint.left") == []


@pytest.mark.parametrize(("expression", "result"), IN_PAGE.values(), ids=IN_PAGE.keys())
def test_a_script_in_the_page_does_not_get(page: Page, scene: Scene, expression: str, result: str) -> None:
    assert page.evaluate(ATTEMPT.replace("EXPRESSION", filled(scene, expression)), "") == result
    stands(page, scene)


@pytest.mark.parametrize(("expression", "result"), IN_WORKER.values(), ids=IN_WORKER.keys())
def test_a_script_in_the_worker_does_not_get(page: Page, scene: Scene, expression: str, result: str) -> None:
    assert page.workers[0].evaluate(ATTEMPT.replace("EXPRESSION", filled(scene, expression)), "") == result
    stands(page, scene)


def tokens_in(text: str) -> list[dict[str, Any]]:
    """Claims of every JWT whose text stands in ``text``."""
    found = []
    for word in text.replace('"', " ").split():
        if word.startswith("eyJ") and word.count(".") == 2:
            payload = word.split(".")[1]
            found.append(json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))))
    return found


def test_of_keys_and_tokens_the_page_hears_what_it_hands_on_and_nothing_else(page: Page, scene: Scene) -> None:
    page.get_by_test_id("toggle-core").click()
    expect(page.frame_locator("[data-testid=core-frame]").locator("#title")).to_have_text("Scene", timeout=JOIN_TIMEOUT_MS)
    heard = page.evaluate("overheard.join('\\n')")
    assert "BYTES OR KEY" not in heard
    audiences = {claims["aud"] for claims in tokens_in(heard) if "aud" in claims}
    assert audiences == {scene.stack.origins.provider, scene.stack.origins.core}
    targets = {claims["htu"] for claims in tokens_in(heard) if "htu" in claims}
    assert not [url for url in targets if url.startswith(scene.stack.origins.kmf) and not url.endswith("/leave")]
    refresh = [word for word in ("refresh", "verifier", "Encryption-Key") if word in heard]
    assert refresh == []


def test_nothing_of_the_sign_in_is_left_behind(page: Page) -> None:
    left = page.evaluate(
        """async () => {
          const rows = [];
          for (const { name } of await indexedDB.databases()) {
            const database = await new Promise((yes, no) => {
              const opening = indexedDB.open(name);
              opening.onsuccess = () => yes(opening.result);
              opening.onerror = no;
            });
            for (const store of database.objectStoreNames) {
              const asked = database.transaction(store).objectStore(store).getAllKeys();
              rows.push(...await new Promise((yes) => { asked.onsuccess = () => yes(asked.result); }));
            }
            database.close();
          }
          return rows;
        }"""
    )
    assert left == []


def test_no_name_of_ours_is_in_the_page_for_others_to_call(page: Page, scene: Scene) -> None:
    """Modules keep everything to themselves: beside the browser's own names there are those of this test."""
    blank = page.context.new_page()
    blank.goto(f"{scene.stack.origins.kmf}/health")
    native = set(blank.evaluate("Object.getOwnPropertyNames(window)"))
    blank.close()
    ids = set(page.evaluate("[...document.querySelectorAll('[id]')].map(({ id }) => id)"))
    own = {name for name in page.evaluate("Object.getOwnPropertyNames(window)") if not name.isdigit()}
    assert own - native - ids <= {"connections", "overheard"}
