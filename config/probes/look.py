"""Looking at several parts at once, in bounded time: a part that hangs is away, and hangs up nobody who asks."""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

logger = logging.getLogger(__name__)
PATIENCE_S = 0.8  # an answer comes within a second, whatever hangs
KEPT_S = 1.0  # so long an answer is given again: whoever asks often asks us, not the parts


class Away(Exception):
    """A part does not answer or cannot be used. The message is safe to log."""

    state = "away"


class Wrong(Away):
    """It is there, and not the one that is needed."""

    state = "wrong"


Check = Callable[[], None]


@dataclass
class Probe:
    """One part: its check, and the look that is under way. At most one is, however long it hangs."""

    name: str
    check: Check
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _busy: bool = False
    _done: threading.Event = field(default_factory=threading.Event)
    _state: str = Away.state
    _looked_at: float = float("-inf")

    def begin(self) -> None:
        """Begin a look, unless one is under way or a fresh answer is held."""
        with self._lock:
            if self._busy or time.monotonic() - self._looked_at < KEPT_S:
                return
            self._busy = True
            self._done.clear()
        threading.Thread(target=self._look, name=f"probe {self.name}", daemon=True).start()

    def state(self, deadline: float) -> str:
        """``ok``, or how the part fails; ``away`` where it is silent until ``deadline`` (monotonic)."""
        return self._state if self._done.wait(max(0.0, deadline - time.monotonic())) else Away.state

    def _look(self) -> None:
        state = Away.state
        try:
            self.check()
            state = "ok"
        except Away as reason:
            state = reason.state
            logger.warning("not ready: %s", reason)
        except Exception:
            logger.exception("not ready: the check of %s failed", self.name)
        finally:
            with self._lock:
                self._state, self._looked_at, self._busy = state, time.monotonic(), False
                self._done.set()


def look(probes: Mapping[str, Probe]) -> dict[str, str]:
    """State of each part, ``ok``, ``away`` or ``wrong``, within `PATIENCE_S`."""
    deadline = time.monotonic() + PATIENCE_S
    for probe in probes.values():
        probe.begin()
    return {name: probe.state(deadline) for name, probe in probes.items()}


def probes(checks: Mapping[str, Check]) -> dict[str, Probe]:
    """A probe for each check, by name."""
    return {name: Probe(name, check) for name, check in checks.items()}
