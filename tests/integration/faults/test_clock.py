"""The clock of all processes of the KMF jumps by an hour and by a day, forward and back, while a conference runs.

A small library (``false_clock.c``) is loaded into the processes by the test; the product knows nothing of it. Who comes in is
told the time by the KMF's answers, as a browser is.
"""

import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.integration.faults.books import check_audit, check_books, entries_of, newest_epoch
from tests.integration.faults.stand_in import in_place_of
from tests.simulators.crowd import Crowd
from tests.stack import Stack, wait_for

pytestmark = pytest.mark.requirement("KMF-CLOCK-1")
SOURCE = Path(__file__).with_name("false_clock.c")
JUMPS = {"an hour": timedelta(hours=1), "a day": timedelta(days=1)}


class Clock:
    """What the processes take for the time, against the true one."""

    def __init__(self, file: Path) -> None:
        self.file = file
        file.write_bytes(bytes(8))
        file.chmod(0o644)

    def set(self, ahead: timedelta) -> None:
        with self.file.open("r+b") as file:  # in place: the processes have it in their memory
            file.write(int(ahead.total_seconds()).to_bytes(8, "little", signed=True))


@pytest.fixture
def clock(stack: Stack) -> Iterator[Clock]:
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler (Debian packages gcc, libc6-dev)")
    library = stack.state.root / "run" / "false_clock.so"
    subprocess.run([compiler, "-O1", "-shared", "-fPIC", "-o", str(library), str(SOURCE)], check=True)  # noqa: S603
    library.chmod(0o755)
    made = Clock(stack.state.root / "run" / "clock")
    with in_place_of(stack, "trusted", "worker", "beat", LD_PRELOAD=str(library), FALSE_CLOCK=str(made.file)):
        yield made
        made.set(timedelta(0))


@pytest.mark.parametrize("jump", JUMPS.values(), ids=JUMPS.keys())
def test_forward_and_back(stack: Stack, crowd: Callable[[int], Crowd], clock: Clock, tmp_path: Path, jump: timedelta):
    running = crowd(6)
    clock.set(jump)
    wait_for(lambda: len(entries_of(running, "endpoint.left")) >= 6, "the tokens to be over by that clock")
    ahead_s = running.together(within_s=45)
    check_books(running)
    at_jump = newest_epoch(running)
    clock.set(timedelta(0))
    running.leave(running.endpoints[:1])  # said at the moment at which the clock is put back
    wait_for(lambda: newest_epoch(running) > at_jump, "the leaver to be locked out", timeout_s=10)
    time.sleep(2)
    running.enter(running.endpoints[:1])
    back_s = running.together(within_s=45)
    print(f"  {ahead_s:5.1f} s until all are in again after a jump forward, {back_s:5.1f} s after the jump back")  # noqa: T201
    check_books(running)
    late = newest_epoch(running)
    time.sleep(3)
    assert newest_epoch(running) <= late + 1  # nothing goes round in circles
    wait_for(lambda: in_tree(stack, running), "the worker to go on: entries come under a checkpoint", timeout_s=15)
    check_audit(stack, tmp_path)


def in_tree(stack: Stack, running: Crowd) -> bool:
    with stack.connect("trusted") as database:
        row = database.execute(
            "SELECT count(*) FROM conferences_auditentry WHERE leaf IS NULL AND chain = %s", (running.conference_id,)
        ).fetchone()
    return row == (0,)
