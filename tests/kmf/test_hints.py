"""Hints wait for nobody and do not pile up: one that was not published yet says what a second would."""

from collections.abc import Iterator

import pytest

from kmf import hints
from tests.silent_server import silent_server
from tests.stack import wait_for


@pytest.fixture
def _frozen_broker(settings) -> Iterator[None]:
    """A broker that takes connections and never answers."""
    hints._client.cache_clear()
    with silent_server() as port:
        settings.REDIS_URL = f"redis://127.0.0.1:{port}/0"
        yield
    wait_for(hints._publisher._work_queue.empty, "hints of this test to be given up")
    hints._client.cache_clear()


@pytest.mark.usefixtures("_frozen_broker")
def test_a_frozen_broker_gathers_one_hint_for_each_conference():
    heard: list[str] = []
    hints.listen_locally(heard.append)
    try:
        for _ in range(500):
            for name in ("a", "b", "c"):
                hints.announce(name)
    finally:
        hints._listeners.remove(heard.append)
    assert len(heard) == 1500  # in this process each is heard at once
    assert hints._publisher._work_queue.qsize() <= 4
