"""A note that the sweep has run lately. It lies with the broker, without which nothing sweeps, and ends by itself.

A hint for whoever watches, never truth: keys end at their time though the note says nothing.
"""

import logging
from typing import Any

import redis
from celery.signals import task_success

logger = logging.getLogger(__name__)
KEY = "conclave.swept"
LATELY_S = 10
WAIT_S = 0.7
SWEEP = "kmf.sweep"


def note_sweeps(redis_url: str) -> None:
    """Have this worker note every sweep that ended well."""
    client = redis.Redis.from_url(redis_url, socket_timeout=WAIT_S, socket_connect_timeout=WAIT_S)

    def note(sender: Any = None, **_kwargs: Any) -> None:
        if getattr(sender, "name", None) == SWEEP:
            try:
                client.set(KEY, "1", ex=LATELY_S)
            except redis.RedisError:
                logger.warning("sweep not noted: the broker is away")

    task_success.connect(note, weak=False)


def was_swept(redis_url: str) -> bool:
    """Whether a sweep has ended within the last seconds, as far as the broker tells."""
    try:
        with redis.Redis.from_url(redis_url, socket_timeout=WAIT_S, socket_connect_timeout=WAIT_S) as client:
            return bool(client.exists(KEY))
    except redis.RedisError:
        return False
