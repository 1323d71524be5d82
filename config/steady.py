"""A clock for the beat that nobody can put back: it begins as the wall clock does and goes on with what passes.

With the wall clock the beat would keep still for as long as it was put back, and nothing would be swept, mailed or forwarded.
"""

import time
from datetime import UTC, datetime, timedelta

from celery.schedules import schedule

_begun_at, _begun = datetime.now(UTC), time.monotonic()


def steady_now() -> datetime:
    """UTC time of this process's start, and what has passed since."""
    return _begun_at + timedelta(seconds=time.monotonic() - _begun)


def every(seconds: float) -> schedule:
    """A period that is counted by the steady clock."""
    return schedule(timedelta(seconds=seconds), nowfun=steady_now)
