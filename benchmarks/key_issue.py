"""What the audit costs a key: ``POST /keys`` over real HTTP with the audit's statements, and without them.

Two processes of the trusted site serve the same durable database, the one as it is, the other with the audit's statements
taken out of the same transactions (`benchmarks.without_audit`; the product cannot do that). They are asked in turn, each time by
endpoints that never asked before. Everything else is alike: token and proof are verified and remembered, memberships,
epoch, key, signed delta and wrap are made.

* *alone*: one endpoint after the other, each a transaction of its own;
* *storm*: all ask at once in one conference;
* *eight conferences*: all ask at once, an eighth in each.

Run: ``.venv/bin/python -m benchmarks.key_issue [--rounds 5] [--endpoints 192]``.
"""

import argparse
import asyncio
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from benchmarks.members import Keeper
from benchmarks.processes import cpu_s
from config.embedded.ports import free_port
from config.env import ROOT
from tests.simulators.minted import KeyAsker, mint_many
from tests.stack import Stack, wait_for

ALONE = 96  # of them one after the other
SITES = ("audit", "without")


@dataclass(frozen=True)
class Site:
    """A web process."""

    port: int
    pid: int


@dataclass(frozen=True)
class Scenario:
    """Endpoints in so many conferences, so many of them at once."""

    name: str
    conferences: int
    endpoints: int
    at_once: int


@dataclass(frozen=True)
class Run:
    """Requests a second, seconds to each answer, server CPU seconds for each."""

    rate: float
    waits: list[float]
    cpu: float


@contextmanager
def without_audit(stack: Stack) -> Iterator[Site]:
    """A second web process of the same installation, started as the first one is."""
    port = free_port(0)
    command = [
        sys.executable,
        "-m",
        "uvicorn",
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        "--loop",
        "uvloop",
        "--http",
        "httptools",
    ]
    command += ["--lifespan", "off", "--no-access-log", "--log-level", "warning", "--backlog", "2048"]
    process = subprocess.Popen(  # noqa: S603  our own command
        [*command, "benchmarks.without_audit:application"],
        cwd=ROOT,
        env=stack.environment() | {"DJANGO_SETTINGS_MODULE": "config.settings.trusted"},
    )
    site = Site(port, process.pid)
    try:
        wait_for(lambda: _listens(site), "the process without audit")
        yield site
    finally:
        process.terminate()
        process.wait(20)


def _listens(site: Site) -> bool:
    try:
        asyncio.run(_connect(site.port))
    except OSError:
        return False
    return True


async def _connect(port: int) -> None:
    _reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.close()


def run(stack: Stack, site: Site, scenario: Scenario) -> Run:
    """One round at one process, by fresh endpoints in fresh conferences."""
    made = mint_many(stack, scenario.endpoints // scenario.conferences, scenario.conferences)
    rows = [[KeyAsker(stack.origins.kmf, one.conference, each) for each in one.endpoints] for one in made]
    askers = [asker for together in zip(*rows, strict=True) for asker in together]
    return asyncio.run(_ask(site, askers, scenario.at_once))


async def _ask(site: Site, askers: list[KeyAsker], at_once: int) -> Run:
    requests = [asker.raw_request() for asker in askers] if at_once > 1 else []  # a proof is good for half a minute
    waits: list[float] = []

    async def work() -> None:
        keeper = Keeper(site.port)
        while askers:
            asker = askers.pop()
            request = requests.pop() if requests else asker.raw_request()
            asked = time.perf_counter()
            await keeper.ask(request)
            waits.append(time.perf_counter() - asked)

    count, cpu, begun = len(askers), cpu_s(site.pid), time.perf_counter()
    await asyncio.gather(*(work() for _ in range(at_once)))
    took = sum(waits) if at_once == 1 else time.perf_counter() - begun
    return Run(count / took, waits, (cpu_s(site.pid) - cpu) / count)


def report(name: str, runs: dict[str, list[Run]]) -> None:
    """Medians of both, and what is left of the rate."""
    rates = {site: statistics.median(one.rate for one in some) for site, some in runs.items()}
    for site, some in runs.items():
        waits = sorted(wait for one in some for wait in one.waits)
        cpu = statistics.median(one.cpu for one in some)
        print(
            f"{name:18} {site:8} {rates[site]:7.0f}/s  answer median {waits[len(waits) // 2] * 1000:6.1f} ms, p99"
            f" {waits[int(len(waits) * 0.99)] * 1000:6.1f} ms; server CPU {cpu * 1000:.2f} ms each"
        )
    with_audit, without = runs[SITES[0]], runs[SITES[1]]
    pairs = [one.rate / other.rate for one, other in zip(with_audit, without, strict=True)]
    cpu_pairs = [one.cpu / other.cpu for one, other in zip(with_audit, without, strict=True)]
    print(
        f"{name:18} ratio    {rates[SITES[0]] / rates[SITES[1]]:.2f} of the rate (pairs {min(pairs):.2f} to {max(pairs):.2f});"
        f" CPU {statistics.median(cpu_pairs):.2f} times"
    )


def main() -> None:
    """Interleaved rounds: with, without, without, with …"""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--endpoints", type=int, default=192)
    options = parser.parse_args()
    count = options.endpoints
    scenarios = [
        Scenario("alone", 1, ALONE, 1),
        Scenario("storm", 1, count, count),
        Scenario("eight conferences", 8, count, count),
    ]
    print(f"load {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores")
    with Stack(server="uvicorn") as stack, without_audit(stack) as bare:
        sites = {SITES[0]: Site(stack.port, stack.pid("trusted")), SITES[1]: bare}
        runs: dict[str, dict[str, list[Run]]] = {one.name: {site: [] for site in SITES} for one in scenarios}
        for number in range(-1, options.rounds):  # the first warms both up
            for scenario in scenarios:
                for name in SITES if number % 2 else reversed(SITES):
                    found = run(stack, sites[name], scenario)
                    if number >= 0:
                        runs[scenario.name][name].append(found)
        for name, some in runs.items():
            report(name, some)


if __name__ == "__main__":
    main()
