"""What a busy machine withholds: for how long a process's threads, and our own, were ready to run and got no processor."""

import os
from contextlib import suppress
from pathlib import Path


class Withheld:
    """Counts from when it is made. Sleeping, waiting for a lock, an answer or a timer is none of it: that is the product's."""

    def __init__(self, pid: int) -> None:
        self._pids = (pid, os.getpid())
        self._before = self._waited()

    def seconds(self) -> float:
        """Seconds that the processes stood in line, each by the thread that stood there longest."""
        now = self._waited()
        return sum(
            max((waited - self._before.get(pid, {}).get(thread, 0) for thread, waited in threads.items()), default=0) / 1e9
            for pid, threads in now.items()
        )

    def __str__(self) -> str:
        return f"{self.seconds():.1f} s of it the machine was elsewhere"

    def _waited(self) -> dict[int, dict[str, int]]:
        return {pid: dict(_stood_in_line(pid)) for pid in self._pids}


def _stood_in_line(pid: int) -> list[tuple[str, int]]:
    """Each thread's time in line, in ns (the second number of ``schedstat``)."""
    found = []
    for thread in Path(f"/proc/{pid}/task").iterdir():
        with suppress(OSError):  # it has ended
            found.append((thread.name, int((thread / "schedstat").read_text().split()[1])))
    return found
