"""The way in of one socket has an end: who says more than is heard is not read until it was heard.

Daphne puts every message into a queue without a limit, whatever its application is busy with: while a database is slow anybody,
known or not, could fill the server's memory. uvicorn stops reading by itself.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

MOST_WAITING_BYTES = 2 * 1024 * 1024  # of messages that were not heard yet; the last one may be a large one


class Brake:
    """Stops reading from a Daphne socket while too much waits to be heard."""

    def __init__(self, protocol: Any) -> None:
        """Stand before the protocol's ``onMessage``."""
        self._queue = protocol.application_queue
        self._transport = protocol.transport
        self._pass_on: Callable[[bytes, bool], object] = protocol.onMessage
        self._waiting_bytes = 0
        self._is_stopped = False
        protocol.onMessage = self._take

    def _take(self, payload: bytes, is_binary: bool) -> None:  # noqa: FBT001  as Autobahn calls it
        self._pass_on(payload, is_binary)
        self._waiting_bytes += len(payload)
        if self._waiting_bytes > MOST_WAITING_BYTES and not self._is_stopped:
            self._is_stopped = True
            self._transport.pauseProducing()

    def heard(self) -> None:
        """A message was dealt with; with the last that waited reading goes on."""
        if self._queue.empty():
            self._waiting_bytes = 0
            if self._is_stopped:
                self._is_stopped = False
                self._transport.resumeProducing()


def brake_for(send: Any) -> Brake | None:
    """The brake of the socket behind an ASGI ``send``, where its server needs one."""
    if not isinstance(send, partial) or not send.args or type(send.args[0]).__module__ != "daphne.ws_protocol":
        return None
    protocol = send.args[0]
    known = all(callable(getattr(protocol.transport, name, None)) for name in ("pauseProducing", "resumeProducing"))
    return Brake(protocol) if known and callable(getattr(protocol.application_queue, "empty", None)) else None
