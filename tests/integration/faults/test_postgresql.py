"""PostgreSQL dies in the middle of joins and leaves: each has happened wholly or not at all, and all are back by themselves."""

import time
from collections.abc import Callable
from pathlib import Path

from tests.integration.faults.books import check_audit, check_books
from tests.simulators.crowd import Crowd
from tests.stack import Stack

KILLS = 3


def test_killed_in_the_middle_of_joins_and_leaves(stack: Stack, crowd: Callable[[int], Crowd], tmp_path: Path):
    running = crowd(24)
    for number in range(KILLS):
        half = running.endpoints[number::2]
        running.leave(half)
        running.enter(half)  # while it dies and comes back, they ask, and ask again
        time.sleep(0.05 + 0.3 * number)
        stack.restart("postgres")
        running.leave(running.endpoints[number : number + 2])  # said while it is starting
        running.enter([one for one in running.endpoints if not one.wanted])
        running.together(within_s=60)
    check_books(running)
    check_audit(stack, tmp_path)
