"""What a durable audit entry costs: one transaction each, by writers in different conferences and in one.

Beside it, in interleaved rounds of the same run: one write and ``fdatasync`` at a time (what a lone synchronous answer can
reach on this device), and, where it is installed (``pip install pymerkle``), pymerkle's SqliteTree.
Run: ``.venv/bin/python -m benchmarks.audit_append [SECONDS A ROUND]``.
"""

import os
import statistics
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.audit_database import audit_database

ROUNDS = 3
WRITERS = (1, 8)
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def append(writers: int, seconds: float, *, one_chain: bool) -> float:
    """Committed entries a second by ``writers`` threads."""
    from django.db import connections, transaction

    from conferences.models import Organisation
    from conferences.services.audit import record

    owners = [Organisation.objects.get_or_create(slug=f"o{0 if one_chain else n}")[0] for n in range(writers)]
    counts, end = [0] * writers, time.perf_counter() + seconds

    def write(place: int) -> None:
        while time.perf_counter() < end:
            details = {"epoch": counts[place], "key_id": "k" * 22, "source_id": 12345, "jkt": "j" * 43}
            with transaction.atomic():
                record(event="key.released", at=NOW, actor="ada@weaver.example", organisation=owners[place], details=details)
            counts[place] += 1
        connections.close_all()

    threads = [threading.Thread(target=write, args=[place]) for place in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / seconds


def device(directory: Path, seconds: float) -> float:
    """Writes of 200 bytes, each synced, a second."""
    descriptor = os.open(directory / "device", os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
    count, end = 0, time.perf_counter() + seconds
    while time.perf_counter() < end:
        os.write(descriptor, b"x" * 200)
        os.fdatasync(descriptor)
        count += 1
    os.close(descriptor)
    return count / seconds


def peer(directory: Path, seconds: float) -> float | None:
    """Appends a second to pymerkle's SqliteTree, without a root or a signature."""
    try:
        from pymerkle import SqliteTree
    except ImportError:
        return None
    tree = SqliteTree(str(directory / f"peer{time.monotonic_ns()}.db"))
    count, end = 0, time.perf_counter() + seconds
    while time.perf_counter() < end:
        tree.append_entry(b"x" * 200)
        count += 1
    return count / seconds


def main() -> None:
    """Medians over the rounds."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 5.0
    with audit_database() as state:
        runs: dict[str, Callable[[], float | None]] = {"device, fdatasync one by one": lambda: device(state, seconds)}
        for writers in WRITERS:
            runs[f"{writers} writers, a chain each"] = lambda writers=writers: append(writers, seconds, one_chain=False)
        runs[f"{WRITERS[-1]} writers, one chain"] = lambda: append(WRITERS[-1], seconds, one_chain=True)
        runs["pymerkle SqliteTree"] = lambda: peer(state, seconds)
        figures: dict[str, list[float]] = {name: [] for name in runs}
        for _ in range(ROUNDS):
            for name, run in runs.items():
                if (figure := run()) is not None:
                    figures[name].append(figure)
        for name, some in figures.items():
            print(f"{name:30} {statistics.median(some):8,.0f}/s" if some else f"{name:30} not installed")


if __name__ == "__main__":
    main()
