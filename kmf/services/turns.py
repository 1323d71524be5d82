"""Turns of this process at one conference's lock.

Between processes the row lock decides. Within one, threads that all wait for that row would each hold a connection and wake each
other; they wait here instead, and one goes at a time. Nothing is true because of it.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

_guard = threading.Lock()
_turns: dict[str, tuple[threading.Lock, int]] = {}  # conference → its lock, and how many want it


@contextmanager
def turn(conference_id: str) -> Iterator[None]:
    """Hold this process's turn at the conference."""
    with _guard:
        lock, wanted = _turns.get(conference_id, (threading.Lock(), 0))
        _turns[conference_id] = (lock, wanted + 1)
    try:
        with lock:
            yield
    finally:
        with _guard:
            wanted = _turns[conference_id][1] - 1
            if wanted:
                _turns[conference_id] = (lock, wanted)
            else:
                del _turns[conference_id]
