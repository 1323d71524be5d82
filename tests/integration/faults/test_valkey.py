"""Valkey dies again and again, or stands still: it holds hints only, so nobody misses a key."""

import time
from collections.abc import Callable
from pathlib import Path

from config.embedded.processes import start
from tests.integration.faults.books import check_audit, check_books, entries_of, newest_epoch
from tests.integration.faults.stand_in import end, valkey_of
from tests.simulators.crowd import Crowd
from tests.stack import Stack, wait_for

KILLS = 20
FROZEN_S = 20


def test_killed_twenty_times_while_people_come_and_go(stack: Stack, crowd: Callable[[int], Crowd], tmp_path: Path):
    running = crowd(12)
    goers, service = running.endpoints[: KILLS // 4], valkey_of(stack)
    stack.take_away("valkey")
    try:
        for number in range(KILLS):
            process = start(service, stack.state.log("valkey"))
            wait_for(lambda: service.ready is not None and service.ready(), "Valkey to answer")
            goer = goers[number % len(goers)]
            running.leave([goer]) if goer.wanted else running.enter([goer])
            end(process)
    finally:
        stack.bring_back("valkey")
    running.enter([one for one in running.endpoints if not one.wanted])
    running.together(within_s=30)
    check_books(running)
    assert len(entries_of(running, "endpoint.left")) <= KILLS // 2 + 1
    check_audit(stack, tmp_path)


def test_frozen_for_twenty_seconds(stack: Stack, crowd: Callable[[int], Crowd]):
    running = crowd(8)
    before, begun = newest_epoch(running), time.monotonic()
    stack.freeze("valkey")
    try:
        running.leave(running.endpoints[:1])
        running.together(within_s=10, beyond=before)
        assert newest_epoch(running) == before + 1
        running.enter(running.endpoints[:1])
        running.together(within_s=15)
        time.sleep(max(0.0, FROZEN_S - (time.monotonic() - begun)))
        assert all(one.is_in for one in running.endpoints)
    finally:
        stack.thaw("valkey")
    running.together(within_s=10)
    assert [one.joins for one in running.endpoints] == [2] + [1] * 7
    check_books(running)
