"""How often one socket may speak: a bucket that refills."""

from provider.errors import TooMany

BURST = 60
PER_S = 10


class RateLimit:
    """Times are monotonic seconds and passed in."""

    def __init__(self, *, burst: int = BURST, per_s: float = PER_S) -> None:
        self._burst = burst
        self._per_s = per_s
        self._left = float(burst)
        self._at: float | None = None

    def check(self, now: float) -> None:
        """Count one message.

        Raises:
            TooMany: more than the bucket holds.

        """
        if self._at is not None:
            self._left = min(self._burst, self._left + (now - self._at) * self._per_s)
        self._at = now
        if self._left < 1:
            raise TooMany("too many messages on a socket")
        self._left -= 1
