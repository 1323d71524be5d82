"""A conference of ten, a hundred, a thousand endpoints: the join storm, and one who leaves.

Everything is real: sockets, PostgreSQL, Valkey, audit rows, signed roster. For each server and size:

* *join*: endpoints that hold tokens ask for keys and say hello; until the last has its ``welcome``, and until all hold the same
  epoch and roster number;
* *leave*: one says goodbye; until the last of the others holds the new wrapped key and the signed roster delta;
* *limit*: the same bytes to as many sockets by one process that does nothing else (`benchmarks.limit`), in alternating rounds.

CPU is that of the server process over a round (``schedstat`` of its threads), the audience's answers (``installed``) included.

Run: ``.venv/bin/python -m benchmarks.thousand_endpoints [--servers uvicorn daphne] [--sizes 10 100 1000] [--rounds 10]
[--connections 1000]``
"""

import argparse
import multiprocessing
import os
import statistics
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from benchmarks.limit import Limit
from benchmarks.members import Site, run
from benchmarks.processes import cpu_s
from tests.scenes import Scene
from tests.simulators.minted import mint
from tests.stack import Stack

CREWS = 2
CONNECTIONS = 1000  # so many endpoints are on their way in at the same time, each by a connection of its own
SETTLED_S = 6.5  # after the join: one period of ``current`` and heartbeats


@dataclass
class Crowd:
    """The client processes of one conference."""

    pipes: list[Any]
    processes: list[Any]

    @classmethod
    def prepare(cls, site: Site, endpoints: list[dict[str, str]]) -> "Crowd":
        context = multiprocessing.get_context("spawn")
        share = -(-len(endpoints) // CREWS)
        pipes, processes = [], []
        for start in range(0, len(endpoints), share):
            ours, theirs = context.Pipe()
            process = context.Process(target=run, args=(theirs, site, endpoints[start : start + share]))
            process.start()
            pipes.append(ours)
            processes.append(process)
        for pipe in pipes:
            pipe.recv()
        return cls(pipes, processes)

    def all(self, command: str, argument: object = None) -> list[Any]:
        """One command to every crew at once."""
        for pipe in self.pipes:
            pipe.send((command, argument))
        return [pipe.recv() for pipe in self.pipes]

    def one(self, command: str) -> Any:
        """One command to the last crew."""
        self.pipes[-1].send((command, None))
        return self.pipes[-1].recv()

    def held(self) -> list[tuple[float, ...]]:
        """What every member holds."""
        return [row for crew in self.all("held") for row in crew]

    def end(self) -> None:
        for pipe, process in zip(self.pipes, self.processes, strict=True):
            with suppress(OSError):  # it has ended by itself
                pipe.send(None)
            process.join(10)
            process.kill()


def join(stack: Stack, crowd: Crowd, count: int, connections: int) -> None:
    """The storm, and what it cost."""
    pid = stack.pid("trusted")
    before = cpu_s(pid)
    spans = crowd.all("join", -(-connections // CREWS))
    begun, ended = min(s["begun"] for s in spans), max(s["ended"] for s in spans)
    while True:
        held = crowd.held()
        if len({row[0] for row in held}) == len({row[1] for row in held}) == 1:
            break
        if time.monotonic() - ended > 30:
            print("  NOT everybody came to the same epoch and roster within 30 s")
            break
        time.sleep(0.05)
    alike = max(max(row[2], row[3]) for row in held) - ended
    lost = sum(1 for row in held if row[5])
    cpu = cpu_s(pid) - before
    print(
        f"  join: {count} in {ended - begun:.2f} s; all alike {max(0.0, alike):.2f} s after the last; {held[0][0]:.0f} epochs, "
        f"{held[0][1]:.0f} deltas; server CPU {cpu / count * 1000:.2f} ms each; {sum(r[4] for r in held) / count / 1000:.0f} kB"
        f" each; {lost} lost"
    )


@dataclass
class Round:
    """One leave: seconds to each other member, server CPU seconds, bytes each."""

    waits: list[float]
    cpu: float
    size: float


def leave(stack: Stack, crowd: Crowd) -> Round:
    """One says goodbye; wait until everybody else has the next epoch and delta."""
    pid = stack.pid("trusted")
    before, heard = cpu_s(pid), crowd.held()
    epoch, number = max(row[0] for row in heard), max(row[1] for row in heard)
    said_at = crowd.one("leave")
    deadline = time.monotonic() + 20
    while True:
        time.sleep(0.15)
        held = crowd.held()
        if all(row[0] > epoch and row[1] > number for row in held):
            break
        if time.monotonic() > deadline:
            raise TimeoutError("somebody did not hear of the leave")
    time.sleep(0.15)
    cpu = cpu_s(pid) - before
    waits = [max(row[2], row[3]) - said_at for row in held]
    size = (sum(row[4] for row in crowd.held()) - sum(row[4] for row in heard[: len(held)])) / len(held)
    return Round(waits, cpu, size)


def idle_cpu(stack: Stack, seconds: float) -> float:
    """Server CPU seconds a second, with nothing going on but heartbeats and ``current``."""
    pid = stack.pid("trusted")
    before = cpu_s(pid)
    time.sleep(seconds)
    return (cpu_s(pid) - before) / seconds


def measure(server: str, stack: Stack, count: int, rounds: int, connections: int) -> None:
    """One size on one server."""
    print(f"{server}, n = {count}")
    made = mint(stack, count + rounds)
    key = Scene(stack, made.conference, "").roster_key()
    site = Site(stack.origins.kmf, stack.port, made.conference, key)
    crowd = Crowd.prepare(site, made.endpoints)
    try:
        join(stack, crowd, count + rounds, connections)
        time.sleep(SETTLED_S)
        quiet = idle_cpu(stack, 10)
        taken, limits = [], []
        with Limit(count) as limit:
            for _ in range(rounds):
                taken.append(leave(stack, crowd))
                limits.append(limit.broadcast(int(taken[-1].size)))
                time.sleep(0.4)
        report(count, taken, limits, quiet)
    finally:
        crowd.end()


def report(count: int, taken: list[Round], limits: list[tuple[float, float]], quiet: float) -> None:
    """Medians, p99 and the ratio to the limit."""
    waits = sorted(wait for one in taken for wait in one.waits)
    last = statistics.median(max(one.waits) for one in taken) * 1000
    bare = statistics.median(seconds for seconds, _ in limits) * 1000
    bare_cpu = statistics.median(cpu for _, cpu in limits) / count * 1e6
    spared = max(0.0, statistics.median(one.cpu for one in taken) - quiet * 0.4)
    print(
        f"  leave: last of {count} median {last:.1f} ms, worst {waits[-1] * 1000:.1f} ms, p99 of all"
        f" {waits[int(len(waits) * 0.99)] * 1000:.1f} ms; server CPU {spared / count * 1e6:.0f} µs/member, installed included;"
        f" {statistics.median(one.size for one in taken):.0f} B/member"
    )
    print(
        f"  limit: last of {count} median {bare:.1f} ms ({bare_cpu:.0f} µs/member); ratio {last / bare:.1f};"
        f" quiet: {quiet * 100:.1f} % of a core"
    )


def main() -> None:
    """Each server in turn, sizes rising."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--servers", nargs="+", default=["uvicorn", "daphne"])
    parser.add_argument("--sizes", nargs="+", type=int, default=[10, 100, 1000])
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--connections", type=int, default=CONNECTIONS)
    options = parser.parse_args()
    print(f"load {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores")
    for server in options.servers:
        with Stack(server=server) as stack:
            for count in options.sizes:
                measure(server, stack, count, options.rounds, options.connections)


if __name__ == "__main__":
    main()
