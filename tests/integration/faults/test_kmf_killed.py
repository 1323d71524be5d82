"""The trusted server dies with two hundred sockets open: all are back on one epoch within ten seconds of its return."""

from collections.abc import Callable
from pathlib import Path

from tests.integration.faults.books import check_audit, check_books, entries_of, newest_epoch
from tests.integration.running_conference import slack
from tests.simulators.crowd import Crowd, kmf_answers
from tests.stack import Stack, wait_for

SOCKETS = 200
BACK_WITHIN_S = 10


def test_two_hundred_come_back(stack: Stack, crowd: Callable[[int], Crowd], tmp_path: Path):
    running = crowd(SOCKETS)
    before = newest_epoch(running)
    stack.restart("trusted")
    wait_for(lambda: kmf_answers(stack), "the KMF to answer", timeout_s=60)
    took = running.together(within_s=BACK_WITHIN_S * slack())
    print(f"  {took:5.1f} s  {SOCKETS} sockets are back on one epoch")  # noqa: T201  the figure is what this is run for
    lost = len(entries_of(running, "endpoint.left"))
    if not lost:  # had it been away for 15 s since the last heartbeat, some would have been silent
        assert newest_epoch(running) == before
        assert {one.joins for one in running.endpoints} == {1}
    check_books(running)
    check_audit(stack, tmp_path)
