"""Starting and ending one process, so that it never outlives its supervisor."""

import contextlib
import ctypes
import os
import resource
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from config.embedded.liveness import Liveness
from config.embedded.logs import open_log, rotate
from config.embedded.users import ServiceUser, as_user

PR_SET_PDEATHSIG = 1  # linux/prctl.h
PR_SET_NO_NEW_PRIVS = 38
_prctl = ctypes.CDLL(None, use_errno=True).prctl


@dataclass(frozen=True)
class Service:
    """What is to run.

    Attributes:
        name: names its log file.
        command: program and arguments.
        environment: the whole environment; nothing is inherited.
        user: another user id, or None for ours.
        directory: working directory.
        stop_signal: asks it to end in order.
        orphan_signal: what it gets when the supervisor dies without a word.
        stop_s: seconds before it is killed.
        outlasts: others need it to end in order; it is stopped after those that are not so.
        ready: tells whether it may be used.
        liveness: tells whether it still answers.

    """

    name: str
    command: list[str]
    environment: dict[str, str]
    directory: Path
    user: ServiceUser | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    orphan_signal: signal.Signals = signal.SIGKILL
    stop_s: float = 8.0
    outlasts: bool = False
    ready: Callable[[], bool] | None = field(default=None, compare=False)
    liveness: Liveness | None = field(default=None, compare=False)


def start(service: Service, log: Path) -> subprocess.Popen[bytes]:
    """Start it in a session of its own, both outputs appended to ``log``, standard input empty."""
    rotate(log)
    command, switch = as_user(service.user, service.command, service.orphan_signal)
    with open_log(log) as output:
        return subprocess.Popen(  # noqa: S603  commands are ours
            command,
            env=service.environment,
            cwd=service.directory,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=_die_with_parent(service.orphan_signal, os.getpid()),  # noqa: PLW1509  started before any thread
            **switch,
        )


def stop(*running: tuple[Service, subprocess.Popen[bytes]]) -> None:
    """Ask all of them, give each its ``stop_s`` seconds, then kill their whole process groups."""
    for service, process in running:
        if process.poll() is None:
            process.send_signal(service.stop_signal)
    asked_at = time.monotonic()
    for service, process in running:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(max(0.0, asked_at + service.stop_s - time.monotonic()))
        kill_group(process)


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """Kill whatever is left of the process and its children."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _die_with_parent(orphan_signal: signal.Signals, parent: int) -> Callable[[], None]:
    def run_in_child() -> None:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core file would hold keys
        os.umask(0o077)
        _prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)  # no program with more rights than ours ever starts from it
        _prctl(PR_SET_PDEATHSIG, int(orphan_signal), 0, 0, 0)
        if os.getppid() != parent:  # it died between fork and here
            os._exit(1)

    return run_in_child
