"""What a durable audit entry costs: one transaction each, by writers in different conferences and in one, and in batches.

A batch is what one transaction puts down: the keys of a join storm, say. Beside it, in interleaved rounds of the same run: one
write and ``fdatasync`` at a time (what a lone synchronous answer can reach on this device), and, where it is installed
(``pip install pymerkle``), pymerkle's SqliteTree. Commits that share a sync are the database's: the last column counts its syncs.

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
BATCH = 64
NOW = datetime(2026, 1, 1, tzinfo=UTC)
STATISTICS_AFTER_S = 0.5  # the writers' processes have told theirs by then
Figures = tuple[float, float]  # a second: entries, syncs


def append(writers: int, seconds: float, *, one_chain: bool = False, batch: int = 1) -> Figures:
    """Committed entries a second by ``writers`` threads, so many in each transaction."""
    from django.db import connections, transaction

    from conferences.models import Organisation
    from conferences.services.audit import Fact, record_all

    owners = [Organisation.objects.get_or_create(slug=f"o{0 if one_chain else n}")[0] for n in range(writers)]
    syncs = wal_syncs()
    counts, end = [0] * writers, time.perf_counter() + seconds

    def write(place: int) -> None:
        while time.perf_counter() < end:
            details = {"epoch": counts[place], "key_id": "k" * 22, "source_id": 12345, "jkt": "j" * 43}
            with transaction.atomic():
                facts = [Fact("key.released", details) for _ in range(batch)]
                record_all(facts=facts, at=NOW, actor="ada@weaver.example", organisation=owners[place])
            counts[place] += batch
        with connections["default"].cursor() as cursor:
            cursor.execute("SELECT pg_stat_force_next_flush()")  # its syncs are told now
        connections.close_all()

    threads = [threading.Thread(target=write, args=[place]) for place in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / seconds, (wal_syncs() - syncs) / seconds


def wal_syncs() -> int:
    """Syncs of the write-ahead log so far."""
    from django.db import connection

    time.sleep(STATISTICS_AFTER_S)
    with connection.cursor() as cursor:
        cursor.execute("SELECT sum(fsyncs) FROM pg_stat_io WHERE object = 'wal'")
        return int(cursor.fetchone()[0])


def device(directory: Path, seconds: float) -> Figures:
    """Writes of 200 bytes, each synced, a second."""
    descriptor = os.open(directory / "device", os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
    count, end = 0, time.perf_counter() + seconds
    while time.perf_counter() < end:
        os.write(descriptor, b"x" * 200)
        os.fdatasync(descriptor)
        count += 1
    os.close(descriptor)
    return count / seconds, count / seconds


def peer(directory: Path, seconds: float) -> Figures | None:
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
    return count / seconds, count / seconds


def main() -> None:
    """Medians over the rounds."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 5.0
    with audit_database() as state:
        runs: dict[str, Callable[[], Figures | None]] = {
            "device, fdatasync one by one": lambda: device(state, seconds),
            "1 writer": lambda: append(1, seconds),
            "8 writers, a chain each": lambda: append(8, seconds),
            "8 writers, one chain": lambda: append(8, seconds, one_chain=True),
            f"1 writer, batches of {BATCH}": lambda: append(1, seconds, batch=BATCH),
            f"8 writers, batches of {BATCH}": lambda: append(8, seconds, batch=BATCH),
            "pymerkle SqliteTree": lambda: peer(state, seconds),
        }
        figures: dict[str, list[Figures]] = {name: [] for name in runs}
        for _ in range(ROUNDS):
            for name, run in runs.items():
                if (figure := run()) is not None:
                    figures[name].append(figure)
        print(f"load {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores; medians of {ROUNDS} rounds")
        for name, some in figures.items():
            entries, syncs = (statistics.median(column) for column in zip(*some, strict=True)) if some else (0, 0)
            print(f"{name:30} {entries:8,.0f} entries/s {syncs:7,.0f} syncs/s" if some else f"{name:30} not installed")


if __name__ == "__main__":
    main()
