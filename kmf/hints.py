"""Hints between processes: «conference changed», never truth and never keys (DESIGN section 8).

A lost hint costs a second: every hub looks at the database that often anyway. A request never waits for the broker:
publishing happens on a thread of its own, with short time-outs.
"""

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from threading import Lock

import redis
from django.conf import settings
from django.db import transaction

_log = logging.getLogger(__name__)
_publisher = ThreadPoolExecutor(max_workers=1, thread_name_prefix="hints")
_listeners: list[Callable[[str], None]] = []
_guard = Lock()
_waiting: set[str] = set()  # conferences whose hint was not published yet: one more would say the same
CHANNEL_PREFIX = "conclave.conference."


def listen_locally(callback: Callable[[str], None]) -> None:
    """Have ``callback(conference_id)`` called for hints of this process, on any thread."""
    _listeners.append(callback)


def announce_on_commit(conference_id: str) -> None:
    """Hint at a change once the surrounding transaction is committed."""
    transaction.on_commit(lambda: announce(conference_id))


def announce(conference_id: str) -> None:
    """Hint at a change that is committed; waits for nobody."""
    for callback in _listeners:
        callback(conference_id)
    with _guard:
        if conference_id in _waiting:
            return
        _waiting.add(conference_id)
    _publisher.submit(_publish, conference_id)


def _publish(conference_id: str) -> None:
    with _guard:
        _waiting.discard(conference_id)  # before: what changes from here on is told anew
    try:
        _client().publish(CHANNEL_PREFIX + conference_id, "changed")
    except redis.RedisError:
        _log.warning("hint not published: the broker is away")


@lru_cache(maxsize=1)
def _client() -> redis.Redis:
    return redis.Redis.from_url(settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1)
