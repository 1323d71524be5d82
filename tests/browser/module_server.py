"""Serves the shipped modules, the test pages and the vectors to a browser on http://localhost, for the time of a test."""

import contextlib
import functools
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page

ROOT = Path(__file__).parents[2]
PLACES = {
    "worker": ROOT / "static" / "endpoint" / "worker",
    "conference": ROOT / "static" / "endpoint" / "page",
    "page": ROOT / "tests" / "browser" / "vectors_page",
    "rules": ROOT / "tests" / "browser" / "rules_page",
    "vectors": ROOT / "tests" / "vectors",
    "adversary": ROOT / "tests" / "adversary" / "engine_page",
}


class _Handler(SimpleHTTPRequestHandler):
    def translate_path(self, path: str) -> str:
        """Only what lies below those places exists."""
        place, _, rest = path.split("?", maxsplit=1)[0].lstrip("/").partition("/")
        base = PLACES.get(place, ROOT / "nowhere")
        found = (base / rest).resolve()
        return str(found if found.is_relative_to(base) else ROOT / "nowhere")

    def log_message(self, *args: Any) -> None:
        """Quiet."""


@contextlib.contextmanager
def module_server() -> Iterator[str]:
    """The origin of a running server."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Handler))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://localhost:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextlib.contextmanager
def module_page(browser: Browser) -> Iterator[Page]:
    """A page of its own profile that shows ``vectors_page/index.html`` on http://localhost."""
    with module_server() as origin:
        context = browser.new_context(permissions=["camera", "microphone"])
        try:
            page = context.new_page()
            page.goto(f"{origin}/page/index.html")
            page.wait_for_function("document.body.dataset.ready === 'true'")
            yield page
        finally:
            context.close()


def ask(browser: Browser, worker: str, question: Any = None) -> Any:
    """The one answer of a test worker."""
    with module_page(browser) as page:
        script = "([worker, question]) => import('/page/main.js').then(({ ask }) => ask(worker, question))"
        return page.evaluate(script, [worker, question])
