"""The conference provider serves another conference application than ours, without the headers that held ours."""

import contextlib
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Frame, Page, Route, expect

from tests.real_browsers import chromium_arguments
from tests.scenes import Scene
from tests.small_devices import SMALL_DEVICES

SCRIPT = Path(__file__).with_name("hostile_frame.js").read_text(encoding="utf-8")
DOCUMENT = '<!doctype html><meta charset="utf-8"><script src="/app/hostile.js"></script>'
MEMBERS = {
    "join": {"type", "handle", "url", "token", "proof"},
    "publish": {"type", "sdp", "tracks"},
    "answer": {"type", "sdp"},
    "layout": {"type", "streams"},
    "restart": {"type"},
    "leave": {"type"},
}
NO_CONNECTION_IS_OPEN = "() => window.connections.every(({ connectionState }) => connectionState === 'closed')"
OWN_TRACKS_LIVE = """() => [...document.querySelectorAll('[data-testid=own-tile] video')]
  .flatMap(({ srcObject }) => srcObject.getTracks()).map(({ readyState }) => readyState)"""


@contextlib.contextmanager
def browser_for_a_public_provider(browser: Browser) -> Iterator[Browser]:
    """Another browser like ``browser``, which does not keep frames from loopback addresses as such.

    In a test all origins are on loopback, and the browser's guard of local networks would stop what it does not stop elsewhere.
    """
    arguments = [*chromium_arguments(), "--disable-features=LocalNetworkAccessChecks"]
    executable = shutil.which("chromium") or "/usr/bin/chromium"
    other = browser.browser_type.launch(executable_path=executable, headless=True, args=arguments)
    try:
        yield other
    finally:
        other.close()


def profile_of(browser: Browser) -> BrowserContext:
    context = browser.new_context(permissions=["camera", "microphone"], viewport={"width": 1280, "height": 800})
    context.set_default_timeout(30_000)
    context.add_init_script(SMALL_DEVICES)
    return context


class HostileProvider:
    """Serves ``hostile_frame.js`` to the profile instead of the conference application, until it is `honest`."""

    def __init__(self, context: BrowserContext, provider: str) -> None:
        self.honest = False
        context.route(f"{provider}/app/**", self._serve)

    def _serve(self, route: Route) -> None:
        if self.honest:
            route.continue_()
        elif route.request.url.endswith(".js"):
            route.fulfill(content_type="text/javascript", body=SCRIPT)
        else:
            route.fulfill(content_type="text/html", body=DOCUMENT)


class Line:
    """The frame of a page that is in a conference, and its end of the line."""

    def __init__(self, page: Page) -> None:
        self.page = page
        page.locator("#provider-frame iframe").wait_for(state="attached")
        frame = page.locator("#provider-frame iframe").element_handle().content_frame()
        assert frame is not None
        self.frame: Frame = frame
        self.hear("join")

    def hear(self, kind: str) -> dict[str, Any]:
        """The latest message of ``kind`` that the page sent; waits for the first."""
        # Nothing of the frame is painted, so it has no animation frames to look in.
        self.frame.wait_for_function("(kind) => window.heard?.some(({ data }) => data.type === kind)", arg=kind, polling=50)
        message: dict[str, Any] = self.frame.evaluate("(kind) => heard.findLast(({ data }) => data.type === kind).data", kind)
        return message

    def say(self, *messages: Any) -> None:
        """Send messages as they are, in one go."""
        self.frame.evaluate("(messages) => messages.forEach((each) => lines[0].postMessage(each))", list(messages))

    def tell(self, **message: Any) -> None:
        self.say(json.dumps(message))

    def attempt(self, expression: str) -> str:
        """What a script of the frame gets for ``expression``: a text, or the name of the error."""
        result: str = self.frame.evaluate("(expression) => attempt(expression)", expression)
        return result

    def offered(self) -> str:
        """Let the page connect; its publishing offer."""
        self.tell(type="joined", ice_servers=[])
        sdp: str = self.hear("publish")["sdp"]
        return sdp

    def learnt_nothing(self, scene: Scene) -> None:
        """All that came over the line is what docs/protocol.md says, and tells of nobody."""
        heard = self.frame.evaluate("heard")
        for each in heard:
            assert each["ports"] == 0
            assert set(each["data"]) == MEMBERS[each["data"]["type"]]
        token = self.hear("join")["token"]
        assert scene.claims_of(token)["aud"] == scene.stack.origins.provider
        told = json.dumps([heard, scene.claims_of(token)])
        names = [account["email"] for account in (*scene.stack.accounts("participant"), *scene.stack.accounts("initiator"))]
        assert not [word for word in (*names, scene.conference_id, "Scene", "Encryption-Key") if word in told]
        assert "a=candidate" not in told
        assert self.frame.evaluate("lines.length") == 1


def lost_the_line(page: Page, code: str) -> None:
    """The page has ended the call for ``code``: nothing is connected, nothing of ours is sent."""
    stage = page.get_by_test_id("stage")
    expect(stage).to_have_attribute("data-media", "failed")
    expect(stage).to_have_attribute("data-problem", code)
    expect(page.get_by_test_id("banner")).to_have_attribute("data-code", "media_failed")
    assert page.evaluate(NO_CONNECTION_IS_OPEN)
    expect(page.get_by_test_id("seal")).to_have_attribute("data-true", "false")


def stands_unharmed(page: Page, scene: Scene, *, pages: int = 1) -> None:
    """The trusted page is where it was, in the conference, with its own picture, and the KMF knows of no change.

    ``pages`` is how many pages the profile has, that one included.
    """
    assert page.url == scene.uri
    expect(page.locator("body")).to_have_attribute("data-state", "in-conference")
    assert page.evaluate(OWN_TRACKS_LIVE) == ["live"]
    assert len(page.context.pages) == pages
    assert scene.epochs() == [(1, "current")]
    assert scene.audit("endpoint.left") == []


def begin_again(page: Page) -> None:
    """Press "Try again": a new frame and a new line."""
    page.evaluate("delete document.getElementById('stage').dataset.problem")
    page.locator("#banner-action").click()
    expect(page.get_by_test_id("banner")).not_to_have_attribute("data-code", "media_failed")
