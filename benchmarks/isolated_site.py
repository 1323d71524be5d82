"""Serves the shipped worker modules and a benchmark's page, cross-origin isolated: the clock then counts 5 µs, else 100 µs."""

import contextlib
import functools
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.browser.module_server import PLACES

ISOLATED = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cache-Control": "no-store",
}


class _Handler(SimpleHTTPRequestHandler):
    def __init__(self, *args: Any, page: Path, **options: Any) -> None:
        self._places = {**PLACES, "page": page}
        super().__init__(*args, **options)

    def translate_path(self, path: str) -> str:
        place, _, rest = path.split("?", maxsplit=1)[0].lstrip("/").partition("/")
        base = self._places.get(place, Path(__file__).parent / "nowhere")
        found = (base / rest).resolve()
        return str(found if found.is_relative_to(base) else base / "nowhere")

    def end_headers(self) -> None:
        for name, value in ISOLATED.items():
            self.send_header(name, value)
        super().end_headers()

    def log_message(self, *args: Any) -> None:
        """Quiet."""


@contextlib.contextmanager
def isolated_site(page: Path) -> Iterator[str]:
    """The origin of a running server: ``/page/`` is the directory ``page``, ``/worker/`` the shipped modules."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Handler, page=page))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://localhost:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
