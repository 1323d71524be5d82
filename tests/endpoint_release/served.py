"""A server on loopback that answers with given answers: those of the real site, or what an attacker made of them."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from django.conf import settings
from django.test import Client

from endpoint_release.manifest import Manifest, parse
from tests.past_django import KmfOrigin

PAGES = ("/c/" + "A" * 22, "/callback")
MANIFEST, NOTE = "/endpoint/manifest.json", "/endpoint/manifest.note"
SERVICE_WORKER = {"service-worker": "script"}


@dataclass(frozen=True)
class Said:
    """One answer."""

    status: int
    headers: dict[str, str]
    body: bytes

    def with_header(self, name: str, value: str | None) -> "Said":
        others = {key: text for key, text in self.headers.items() if key.lower() != name}
        return replace(self, headers=others if value is None else others | {name: value})


@dataclass
class Site:
    """Answers by path; those to service workers by ``sw:`` and path."""

    answers: dict[str, Said] = field(default_factory=dict)

    @classmethod
    def real(cls) -> "Site":
        """What the site of this process says to an outsider who looks at everything."""
        client = Client(headers={"host": settings.ORIGINS.kmf.split("//")[1]})

        def ask(path: str, headers: dict[str, str] | None = None) -> Said:
            answer = client.get(path, headers=headers)
            body = b"".join(answer.streaming_content) if answer.streaming else answer.content
            return Said(answer.status_code, dict(answer.headers), body)

        paths = [*PAGES, MANIFEST, NOTE]
        manifest = parse(ask(MANIFEST).body)
        paths += list(manifest.styles)
        answers = {path: ask(path) for path in paths} | {f"sw:{path}": ask(path, SERVICE_WORKER) for path in paths}
        return cls(answers | _modules(manifest))

    def but(self, **changed: Said | None) -> "Site":
        """Another site, with these answers instead; None: it has no such thing."""
        merged = {path: said for path, said in (self.answers | changed).items() if said is not None}
        return Site(merged)

    @contextmanager
    def serving(self) -> Iterator[str]:
        """Its ``host:port``."""
        server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self.answers))
        thread = threading.Thread(target=server.serve_forever, args=[0.01], daemon=True)
        thread.start()
        try:
            yield f"127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            server.server_close()
            thread.join()


def _modules(manifest: Manifest) -> dict[str, Said]:
    kmf = KmfOrigin()

    def ask(path: str, headers: dict[str, str] | None = None) -> Said:
        answer = kmf.ask(path, headers)
        return Said(answer.status_code, dict(answer.headers), answer.content)

    paths = [f"/endpoint/{name}" for name in manifest.modules]
    return {path: ask(path) for path in paths} | {f"sw:{path}": ask(path, SERVICE_WORKER) for path in paths}


def _handler(answers: dict[str, Said]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = PAGES[0] if re.fullmatch(r"/c/[A-Za-z0-9_-]{22}", self.path) else self.path
            asked = f"sw:{path}" if self.headers.get("Service-Worker") == "script" else path
            said = answers.get(asked, Said(404, {}, b""))
            self.send_response(said.status)
            for name, value in said.headers.items():
                if name.lower() != "content-length":
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(said.body)))
            self.end_headers()
            self.wfile.write(said.body)

        def log_message(self, *_arguments: object) -> None:
            """Say nothing."""

    return Handler
