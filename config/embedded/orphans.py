"""Children that a dead service left behind: they come to us (PR_SET_CHILD_SUBREAPER) and end here.

A group is not enough: PostgreSQL's backends have sessions of their own, and one of them keeps a new server from starting.
"""

import contextlib
import ctypes
import os
import signal
from collections.abc import Container
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h
_prctl = ctypes.CDLL(None, use_errno=True).prctl


def adopt_orphans() -> None:
    """Let the kernel give us the orphans of our services."""
    _prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def end_orphans(known: Container[int]) -> list[int]:
    """Kill and reap each child of ours that is not in ``known``; returns their process ids."""
    found = [pid for pid in _children() if pid not in known]
    for pid in found:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, 0)
    return found


def _children() -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                # pid (name) state parent …: the name may hold anything
                if int((entry / "stat").read_text().rpartition(")")[2].split()[1]) == os.getpid():
                    found.append(int(entry.name))
    return found
