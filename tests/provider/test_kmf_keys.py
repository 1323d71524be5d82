"""The KMF's keys while the KMF is slow: strangers' tokens hold up nobody else."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from protocol import jwks
from provider.errors import Unavailable
from provider.services.kmf_keys import KeyCache
from tests.provider.kmf_stand_in import KMF
from tests.stack import slack


def wait_until_asked(kmf: KMF, times: int) -> None:
    deadline = time.monotonic() + 3
    while kmf.answered < times:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_keys_held_are_given_while_another_thread_asks(kmf: KMF) -> None:
    cache, known = KeyCache(), jwks.key_id(kmf.key.public_key())
    cache.keys_for(known)
    cache._asked_at -= 60  # a minute later
    kmf.answers.clear()
    with ThreadPoolExecutor(1) as threads:
        stranger = threads.submit(cache.keys_for, "unknown")
        wait_until_asked(kmf, 2)
        began = time.monotonic()
        assert known in cache.keys_for(known)
        assert known in cache.keys_for("another unknown")
        assert time.monotonic() - began < slack()
        assert not stranger.done()
        kmf.answers.set()
        assert known in stranger.result(5)
    assert kmf.answered == 2


def test_the_pause_begins_when_the_answer_is_there(kmf: KMF) -> None:
    cache = KeyCache()
    cache.keys_for(None)
    cache._asked_at -= 60
    kmf.answers.clear()
    began = time.monotonic()
    assert cache.keys_for("unknown")  # the KMF does not answer in time
    answered = time.monotonic()
    assert answered - began > 2
    assert cache._asked_at > answered - 1
    assert cache.keys_for("unknown")
    assert kmf.answered == 2
    kmf.answers.set()


def test_who_needs_the_first_keys_waits_for_the_one_who_asks(kmf: KMF) -> None:
    cache, known = KeyCache(), jwks.key_id(kmf.key.public_key())
    kmf.answers.clear()
    with ThreadPoolExecutor(2) as threads:
        asking = [threads.submit(cache.keys_for, known) for _ in range(2)]
        wait_until_asked(kmf, 1)
        kmf.answers.set()
        assert all(known in one.result(5) for one in asking)
    assert kmf.answered == 1


def test_without_keys_nothing_is_given(kmf: KMF) -> None:
    kmf.stop()
    cache = KeyCache()
    for _ in range(2):
        with pytest.raises(Unavailable):
            cache.keys_for("unknown")
    assert not cache._asking
