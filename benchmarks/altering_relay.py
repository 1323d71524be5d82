"""A relay between a browser and the trusted site that can serve another build of the endpoint page's modules.

It is the browser's only way to the KMF's origin (``--host-resolver-rules``), for the shipped build as for the altered one, so
that both go the same way. What an altered build needs the page to allow (policy, hashes of modules) is taken off here.
"""

import contextlib
import http.client
import re
import socket
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "upgrade", "proxy-connection"}
CONDITIONS = {"if-none-match", "if-modified-since"}  # a module that is replaced here never is "not modified"
PIECE = 65536


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    upstream: tuple[str, int]
    modules: Mapping[str, bytes]

    def setup(self) -> None:
        super().setup()
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._site = http.client.HTTPConnection(*self.upstream)

    def finish(self) -> None:
        self._site.close()
        super().finish()

    def _forward(self) -> None:
        if self.headers.get("Upgrade"):
            self._relay_raw()
            return
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name: value for name, value in self.headers.items() if name.lower() not in HOP_BY_HOP | CONDITIONS}
        self._site.request(self.command, self.path, body=body or None, headers=headers)
        answer = self._site.getresponse()
        content, kept = self._altered(answer.read(), [pair for pair in answer.getheaders() if pair[0].lower() not in HOP_BY_HOP])
        self.send_response(answer.status)
        for name, value in kept:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # a page that was left asks for nothing more
                self.wfile.write(content)

    do_GET = do_POST = do_HEAD = do_OPTIONS = _forward  # noqa: N815  names that http.server looks for

    def _altered(self, content: bytes, headers: list[tuple[str, str]]) -> tuple[bytes, list[tuple[str, str]]]:
        if not self.modules:
            return content, headers
        name = self.path.split("?")[0].removeprefix("/endpoint/")
        if name in self.modules:
            return self.modules[name], headers
        if self.path.startswith(("/c/", "/callback")):
            content = re.sub(rb'<script type="importmap">.*?</script>', b"", content)
            content = re.sub(rb' integrity="[^"]*"', b"", content)
            headers = [pair for pair in headers if pair[0].lower() != "content-security-policy"]
        return content, headers

    def _relay_raw(self) -> None:
        """A WebSocket: its bytes as they are."""
        head = f"{self.requestline}\r\n" + "".join(f"{name}: {value}\r\n" for name, value in self.headers.items()) + "\r\n"
        with socket.create_connection(self.upstream) as site:
            site.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            site.sendall(head.encode("latin-1"))
            down = threading.Thread(target=_carry, args=(site, self.connection), daemon=True)
            down.start()
            _carry(self.connection, site)
            down.join()
        self.close_connection = True

    def log_message(self, *args: Any) -> None:
        """Quiet."""


def _carry(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(PIECE):
            sink.sendall(data)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


@contextlib.contextmanager
def altering_relay(port: int, modules: Mapping[str, bytes]) -> Iterator[int]:
    """Port of a relay to the trusted site at ``port``; ``modules``, by name below ``/endpoint/``, replace the shipped."""
    handler = type("Handler", (_Handler,), {"upstream": ("127.0.0.1", port), "modules": modules})
    server = _Server(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
