"""A network between one browser and the KMF that lets everything through but what the push socket says, for as long as it likes.

It holds no certificate: it can delay bytes and cannot make any, so here it does nothing else.
"""

import contextlib
import re
import shutil
import socket
import threading
from collections.abc import Iterator
from typing import Self

from playwright.sync_api import Browser

from tests.real_browsers import CHROMIUM_ARGUMENTS
from tests.stack import Stack

PUSH_SOCKET = re.compile(rb"GET /conferences/[^/]+/events ")
PIECE = 65536


class WithholdingNetwork:
    """A relay of TCP connections to the trusted site; `port` is its own."""

    def __init__(self, stack: Stack) -> None:
        self._target = ("127.0.0.1", stack.port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._free = threading.Event()
        self._free.set()

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.release()
        self._listener.close()

    def withhold(self) -> None:
        """From now on nothing comes out of the push sockets, old and new ones."""
        self._free.clear()

    def release(self) -> None:
        self._free.set()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _address = self._listener.accept()
                threading.Thread(target=self._relay, args=(client,), daemon=True).start()

    def _relay(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError), client, socket.create_connection(self._target) as server:
            first = client.recv(PIECE)
            server.sendall(first)
            is_push = PUSH_SOCKET.match(first) is not None
            down = threading.Thread(target=self._down, args=(server, client), kwargs={"is_push": is_push}, daemon=True)
            down.start()
            _carry(client, server)
            down.join()

    def _down(self, server: socket.socket, client: socket.socket, *, is_push: bool) -> None:
        with contextlib.suppress(OSError):
            while data := server.recv(PIECE):
                if is_push:
                    self._free.wait()
                client.sendall(data)
            client.shutdown(socket.SHUT_WR)


def _carry(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(PIECE):
            sink.sendall(data)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


@contextlib.contextmanager
def browser_behind(network: WithholdingNetwork, browser: Browser) -> Iterator[Browser]:
    """Another browser like ``browser``, whose every connection to the KMF's origin goes through ``network``."""
    rules = f"--host-resolver-rules=MAP kmf.localhost 127.0.0.1:{network.port}"
    executable = shutil.which("chromium") or "/usr/bin/chromium"
    other = browser.browser_type.launch(executable_path=executable, headless=True, args=[*CHROMIUM_ARGUMENTS, rules])
    try:
        yield other
    finally:
        other.close()
