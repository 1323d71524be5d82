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


Check = Callable[[], None]


@dataclass
class Probe:
    """One part: its check, and the look that is under way. At most one is, however long it hangs."""

    name: str
    check: Check
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _busy: bool = False
    _done: threading.Event = field(default_factory=threading.Event)
    _away: bool = True
    _looked_at: float = float("-inf")

    def begin(self) -> None:
        """Begin a look, unless one is under way or a fresh answer is held."""
        with self._lock:
            if self._busy or time.monotonic() - self._looked_at < KEPT_S:
                return
            self._busy = True
            self._done.clear()
        threading.Thread(target=self._look, name=f"probe {self.name}", daemon=True).start()

    def is_away(self, deadline: float) -> bool:
        """Whether the part is away, or silent until ``deadline`` (monotonic)."""
        return not self._done.wait(max(0.0, deadline - time.monotonic())) or self._away

    def _look(self) -> None:
        away = True
        try:
            self.check()
            away = False
        except Away as reason:
            logger.warning("not ready: %s", reason)
        except Exception:
            logger.exception("not ready: the check of %s failed", self.name)
        finally:
            with self._lock:
                self._away, self._looked_at, self._busy = away, time.monotonic(), False
                self._done.set()


def look(probes: Mapping[str, Probe]) -> dict[str, str]:
    """State of each part, ``ok`` or ``away``, within `PATIENCE_S`."""
    deadline = time.monotonic() + PATIENCE_S
    for probe in probes.values():
        probe.begin()
    return {name: "away" if probe.is_away(deadline) else "ok" for name, probe in probes.items()}


def probes(checks: Mapping[str, Check]) -> dict[str, Probe]:
    """A probe for each check, by name."""
    return {name: Probe(name, check) for name, check in checks.items()}
