"""The clock of a whole host jumps by an hour and by a day, forward and back, while a conference runs.

Who comes in is told the time by the KMF's answers, as a browser is. Once the clock is right all is as before, without a hand.
"""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.integration.faults.books import check_audit, check_books, entries_of, newest_epoch
from tests.integration.faults.clocked import ClockedStack
from tests.integration.running_conference import slack
from tests.simulators.crowd import Crowd
from tests.stack import wait_for

pytestmark = pytest.mark.requirement("KMF-CLOCK-1")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
PEOPLE = 6


@pytest.fixture(scope="module")
def stack() -> Iterator[ClockedStack]:
    with ClockedStack() as running:
        yield running


def test_an_hour_forward_and_back(stack: ClockedStack, crowd: Callable[[int], Crowd], tmp_path: Path):
    running = crowd(PEOPLE)
    before = newest_epoch(running)
    stack.put_clock(HOUR)
    # Tokens are over by that clock: each stay ends as it does for who did not renew, and everybody comes in anew.
    wait_for(lambda: left(running) >= PEOPLE, "the stays to end by that clock", timeout_s=20 * slack())
    ahead_s = running.together(within_s=60 * slack(), beyond=before)
    check_books(running)
    at_jump = newest_epoch(running)
    assert at_jump - before <= 2 * PEOPLE + 2  # a leave and a join each, and their period
    assert opened_at(running) - datetime.now(UTC) > HOUR / 2  # the jump was one

    stack.put_clock(timedelta(0))
    running.leave(running.endpoints[:1])  # said at the moment at which the clock is put back
    wait_for(lambda: newest_epoch(running) > at_jump, "the leaver to be locked out", timeout_s=10 * slack())
    locked_out_by = newest_epoch(running)
    wait_for(lambda: all(one.epoch >= locked_out_by for one in running.inside), "the others to have the key")
    assert running.endpoints[0].epoch < locked_out_by
    running.enter(running.endpoints[:1])
    back_s = running.together(within_s=60 * slack())
    print(f"  {ahead_s:5.1f} s until all are in again after a jump forward, {back_s:5.1f} s after the jump back")  # noqa: T201
    check_well(stack, running, tmp_path)


def test_a_day_forward_and_back(stack: ClockedStack, crowd: Callable[[int], Crowd], tmp_path: Path):
    running = crowd(PEOPLE)
    stack.put_clock(DAY)
    wait_for(lambda: left(running) >= PEOPLE, "the stays to end by that clock", timeout_s=20 * slack())
    released, epochs = len(entries_of(running, "key.released")), newest_epoch(running)
    time.sleep(6)
    # What they signed in to was for some hours: by that clock nobody has a right to a key, however often he asks.
    assert not any(one.is_in for one in running.endpoints)
    assert (len(entries_of(running, "key.released")), newest_epoch(running)) == (released, epochs)
    assert entries_of(running, "epoch.revoked")[-1]["details"] == {"epoch": epochs, "reason": "empty"}

    stack.put_clock(timedelta(0))
    back_s = running.together(within_s=60 * slack())
    print(f"  {back_s:5.1f} s until all are in again after the jump back")  # noqa: T201
    check_well(stack, running, tmp_path)


def check_well(stack: ClockedStack, running: Crowd, directory: Path) -> None:
    """All is as if the clock had never been wrong, but for what the books say of it."""
    check_books(running)
    late = newest_epoch(running)
    assert abs(opened_at(running) - datetime.now(UTC)) < timedelta(minutes=5)
    time.sleep(3)
    assert newest_epoch(running) <= late + 1  # nothing goes round in circles
    wait_for(lambda: is_in_tree(stack, running), "the worker to go on: entries come under a checkpoint", timeout_s=20 * slack())
    wait_for(lambda: not keys_of_the_future(stack, running), "keys that ended in the future to be destroyed", timeout_s=20)
    check_audit(stack, directory)


def left(running: Crowd) -> int:
    return len(entries_of(running, "endpoint.left"))


def opened_at(running: Crowd) -> datetime:
    return datetime.fromisoformat(entries_of(running, "epoch.opened")[-1]["at"])


def keys_of_the_future(stack: ClockedStack, running: Crowd) -> list[int]:
    """Epochs whose sealed key is there though they are over by a clock that was put back."""
    sql = "SELECT number FROM kmf_epoch WHERE conference_id = %s AND sealed_key IS NOT NULL AND closed_at > %s"
    with stack.connect("trusted") as database:
        rows = database.execute(sql, (running.conference_id, datetime.now(UTC) + timedelta(minutes=1))).fetchall()
    return [int(number) for (number,) in rows]


def is_in_tree(stack: ClockedStack, running: Crowd) -> bool:
    with stack.connect("trusted") as database:
        sql = "SELECT count(*) FROM conferences_auditentry WHERE leaf IS NULL AND chain = %s"
        return database.execute(sql, (running.conference_id,)).fetchone() == (0,)
