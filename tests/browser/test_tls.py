"""A call under HTTPS: real certificates, ``wss``, cookies that no sibling can plant, nothing loaded or sent in clear."""

import threading
from collections.abc import Generator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import BrowserContext, Page

from tests.browser.joining import frames_decoded, join, sees, sign_in, until
from tests.real_browsers import run_stack
from tests.scenes import Scene
from tests.stack import Stack

pytestmark = pytest.mark.browser
PLANTED = "planted-by-a-sibling"


@pytest.fixture(scope="module")
def stack() -> Generator[Stack]:
    yield from run_stack(tls=True)


class Traffic:
    """Every address that a page and its frames and workers asked for, and every socket it opened."""

    def __init__(self, context: BrowserContext) -> None:
        self.addresses: set[str] = set()
        context.on("request", lambda request: self._note(request.url))
        context.on("page", lambda page: page.on("websocket", lambda socket: self._note(socket.url)))

    def _note(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme != "data":
            self.addresses.add(f"{parts.scheme}://{parts.netloc}")


def test_two_talk_and_nothing_goes_in_clear(stack: Stack, profile):
    scene = Scene.schedule(stack, title="Behind the lock")
    ada, bob = scene.stack.accounts("participant")[:2]
    contexts = [profile(), profile()]
    complaints: list[str] = []
    traffic = Traffic(contexts[0])
    for context in contexts:
        context.on("console", lambda message: complaints.append(message.text) if message.type in ("error", "warning") else None)
        context.on("weberror", lambda error: complaints.append(str(error.error)))
    pages = [join(context, scene.uri, account) for context, account in zip(contexts, (ada, bob), strict=True)]
    for page in pages:
        sees(page, 1)
    before = frames_decoded(pages[1])
    until(lambda: frames_decoded(pages[1]) > before + 10, "frames")

    provider = stack.origins.provider
    secure = {stack.origins.kmf, stack.origins.auth, provider}
    assert traffic.addresses == secure | {origin.replace("https", "wss") for origin in (stack.origins.kmf, provider)}
    assert complaints == []
    assert pages[0].evaluate("isSecureContext")
    cookies = {(cookie["name"], cookie["domain"]) for cookie in contexts[0].cookies()}
    names = ("__Host-sessionid", "__Host-csrftoken", "__Host-known")
    assert cookies == {(name, "auth.localhost") for name in names}
    assert all(cookie["secure"] and cookie["path"] == "/" for cookie in contexts[0].cookies())


class Sibling(BaseHTTPRequestHandler):
    """A page below the core origin's name, by plain HTTP: it tries to set cookies for its parent, then shows what it is sent.

    The last forms hide the prefix from the browser behind what some servers strip off, or behind an empty name.
    """

    names = ("__Host-sessionid", "sessionid", "csrftoken", "\xa0__Host-sessionid", "=__Host-sessionid")

    def do_GET(self) -> None:
        self.send_response(200)
        if self.path == "/plant":
            for name in self.names:
                self.send_header("Set-Cookie", f"{name}={PLANTED}; Domain=core.localhost; Path=/")
        self.end_headers()
        self.wfile.write(ascii(self.headers["Cookie"]).encode())

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


@pytest.fixture
def sibling() -> Generator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Sibling) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield f"http://planter.core.localhost:{server.server_port}"
        server.shutdown()


def test_a_sibling_plants_no_cookie_that_counts(stack: Stack, sibling: str, profile):
    page = profile().new_page()
    page.goto(sibling + "/plant")
    page.goto(sibling.replace("planter.", "") + "/")  # what the browser would send to the core origin too
    sent = {pair.split("=")[0].strip("' ") for pair in page.inner_text("body").split(";")}
    assert {"sessionid", "\\xa0__Host-sessionid"} <= sent  # the attack works where the browser sees no prefix
    assert "__Host-sessionid" not in sent
    enter(page, stack)
    page.goto(sibling + "/plant")  # once more, now after the genuine ones
    page.goto(stack.origins.core + "/conferences/new")
    assert page.locator("[name=title]").is_visible()


def enter(page: Page, stack: Stack) -> None:
    page.goto(stack.origins.core + "/")
    sign_in(page, stack.accounts("initiator")[0])
    page.wait_for_url(stack.origins.core + "/**")
