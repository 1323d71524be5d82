"""The way in of one socket: messages are weighed when they come, not when there is time for them.

Daphne puts every message into a queue without a limit, whatever its application is busy with: while a media server is slow one
endpoint could fill the server's memory. uvicorn stops reading by itself; there, messages are counted when they are heard.
"""

import time
from collections.abc import Callable
from functools import partial
from typing import Any

from protocol.words import SOCKET_MESSAGE_LIMIT_BYTES
from provider.errors import ProviderError, TooLarge, TooMany
from provider.signalling.rate_limit import RateLimit

MOST_WAITING_BYTES = 2 * 1024 * 1024  # of messages that were not heard yet


class WayIn:
    """Stands before a Daphne socket's ``onMessage``; what is too much is not read any more, and ``cut`` is called once."""

    def __init__(self, protocol: Any, cut: Callable[[ProviderError], None]) -> None:
        self._queue = protocol.application_queue
        self._transport = protocol.transport
        self._pass_on: Callable[[bytes, bool], object] = protocol.onMessage
        self._cut = cut
        self._limit = RateLimit()
        self._waiting_bytes = 0
        self._is_over = False
        protocol.onMessage = self._take

    def _take(self, payload: bytes, is_binary: bool) -> None:  # noqa: FBT001  as Autobahn calls it
        if self._is_over:
            return
        try:
            self._weigh(len(payload))
        except ProviderError as error:
            self._is_over = True
            self._transport.pauseProducing()
            self._cut(error)
            return
        self._pass_on(payload, is_binary)

    def _weigh(self, size: int) -> None:
        if size > SOCKET_MESSAGE_LIMIT_BYTES:
            raise TooLarge("message over its limit")
        self._limit.check(time.monotonic())
        self._waiting_bytes = size if self._queue.empty() else self._waiting_bytes + size
        if self._waiting_bytes > MOST_WAITING_BYTES:
            raise TooMany("more than is heard on a socket")


def watch_way_in(send: Any, cut: Callable[[ProviderError], None]) -> WayIn | None:
    """Watch the socket behind an ASGI ``send``, where its server does not stop reading by itself."""
    if not isinstance(send, partial) or not send.args or type(send.args[0]).__module__ != "daphne.ws_protocol":
        return None
    protocol = send.args[0]
    known = callable(getattr(protocol.transport, "pauseProducing", None))
    return WayIn(protocol, cut) if known and callable(getattr(protocol.application_queue, "empty", None)) else None
