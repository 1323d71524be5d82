"""Noticing a web process that runs and answers nothing: stopped, or stuck in a lock.

The supervisor has one thread and must not wait, so a question is asked at one look and its answer collected at a later one.
"""

import socket
from dataclasses import dataclass, field

ASK_EVERY_S = 5.0
PATIENCE_S = 30.0  # without an answer
START_PATIENCE_S = 90.0  # before the first answer
LOOK_GAP_S = 10.0  # we were stopped ourselves: that is no silence of theirs
QUESTION = b"GET /health HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n"


@dataclass
class Liveness:
    """Whether the process behind ``127.0.0.1:port`` answers ``/health``.

    Any byte, and an orderly end of the connection, counts: behind TLS the answer is an alert, which a stuck process does not
    give either. Times are monotonic.
    """

    port: int
    host: str
    _pending: socket.socket | None = None
    _answered: bool = False
    _since: float = 0.0
    _asked_at: float = field(default=float("-inf"))
    _looked_at: float = 0.0

    def begin(self, now: float) -> None:
        """Start anew, with a process that has just been started."""
        self._drop()
        self._answered, self._since, self._looked_at, self._asked_at = False, now, now, float("-inf")

    def is_silent(self, now: float) -> bool:
        """One look: collect an answer or ask anew. True when nothing has been heard for too long."""
        if now - self._looked_at > LOOK_GAP_S:
            self._since = now
        self._looked_at = now
        if self._pending is not None and self._has_answer():
            self._answered, self._since = True, now
            self._drop()
        if now - self._asked_at >= ASK_EVERY_S:
            self._ask(now)
        return now - self._since > (PATIENCE_S if self._answered else START_PATIENCE_S)

    def _ask(self, now: float) -> None:
        self._drop()
        self._asked_at = now
        try:
            self._pending = socket.create_connection(("127.0.0.1", self.port), timeout=0.2)
            self._pending.sendall(QUESTION % self.host.encode())
            self._pending.settimeout(0)
        except OSError:  # not listening yet, or its queue is full
            self._drop()

    def _has_answer(self) -> bool:
        try:
            self._pending.recv(1) if self._pending else None
        except BlockingIOError:
            return False
        except OSError:  # reset: somebody is there to do so, or the process has ended, which is noticed elsewhere
            pass
        return True

    def _drop(self) -> None:
        if self._pending is not None:
            self._pending.close()
            self._pending = None
