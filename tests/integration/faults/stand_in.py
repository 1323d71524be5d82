"""Processes of the running system, started by a test in the supervisor's place: the same program, more in its environment."""

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from unittest import mock

from config.embedded import sites
from config.embedded.liveness import Liveness
from config.embedded.processes import Service, kill_group, start
from config.embedded.tls import Certificates
from config.embedded.valkey import Valkey
from tests.simulators.crowd import kmf_answers
from tests.stack import Stack, wait_for


def services(stack: Stack) -> dict[str, Service]:
    """What the supervisor runs of the trusted side, by name."""
    with mock.patch.dict("os.environ", {"CONCLAVE_SERVER": stack.server}):
        certificates = Certificates(stack.state) if stack.tls else None
        listen = sites.listening("trusted", stack.port, certificates)
        site = sites.trusted_site(stack.state, listen, Liveness(stack.port, ""))
    return {each.name: each for each in (site, *sites.workers(stack.state))}


def valkey_of(stack: Stack) -> Service:
    """The instance's Valkey."""
    lines = (stack.state.root / "trusted" / "env").read_text().splitlines()
    url = next(line for line in lines if line.startswith("REDIS_URL="))
    return Valkey(stack.state, int(url.rsplit(":", 1)[1].split("/")[0])).prepare()


@contextmanager
def in_place_of(stack: Stack, *names: str, **environment: str) -> Iterator[None]:
    """Run these services with ``environment`` besides their own; afterwards the supervisor has them again."""
    for name in names:
        stack.take_away(name)
    started = []
    try:
        for name in names:
            service = services(stack)[name]
            # By env(1), which is the last to run before the program: whoever switches users before it is not meant.
            more = ["/usr/bin/env", *(f"{key}={value}" for key, value in environment.items())]
            service = replace(service, command=[*more, *service.command])
            started.append(start(service, stack.state.log(name)))
        if "trusted" in names:
            wait_for(lambda: kmf_answers(stack), "the KMF to answer", timeout_s=60)
        yield
    finally:
        for process in started:
            end(process)
        for name in names:
            stack.bring_back(name)
        wait_for(lambda: kmf_answers(stack), "the KMF to answer", timeout_s=60)


def end(process: subprocess.Popen[bytes]) -> None:
    """Kill it and what it started."""
    process.send_signal(signal.SIGKILL)
    kill_group(process)
