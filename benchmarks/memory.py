"""Memory of process trees as Linux counts it: proportional set size, so that shared pages count once."""

import os
from pathlib import Path


def tree_mb(pid: int) -> float:
    """Megabytes of a process and all below it; 0 where it has ended, or is not ours to look at."""
    return sum(_kilobytes(each, "Pss") for each in _tree(pid)) / 1024


def tree_mb_besides_pools(pid: int) -> float:
    """As `tree_mb`, without shared memory: PostgreSQL's buffers are of a fixed size, and are touched one after another."""
    return sum(_kilobytes(each, "Pss") - _kilobytes(each, "Pss_Shmem") for each in _tree(pid)) / 1024


def own_descendants(name: str) -> list[int]:
    """Processes below this one whose command is ``name``, uppermost first."""
    return [pid for pid in _tree(os.getpid()) if _comm(pid) == name]


def _tree(pid: int) -> list[int]:
    found, waiting = [], [pid]
    while waiting:
        each = waiting.pop()
        found.append(each)
        for task in Path(f"/proc/{each}/task").glob("*/children"):
            try:
                waiting += [int(child) for child in task.read_text().split()]
            except OSError:  # ended meanwhile
                continue
    return found


def _comm(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""


def _kilobytes(pid: int, kind: str) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith(f"{kind}:")), 0)
