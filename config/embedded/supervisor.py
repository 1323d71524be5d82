"""The supervisor: starts services in order, starts a dead one again, stops all, the databases last.

Nothing survives it: on an orderly end it stops each service and kills what is left of its group; killed itself, the
kernel ends the services (PR_SET_PDEATHSIG).
"""

import json
import os
import subprocess
import time
from collections.abc import Callable

from config.embedded.logs import rotate, tail
from config.embedded.orphans import adopt_orphans, end_orphans
from config.embedded.processes import Service, kill_group, start, stop
from config.embedded.state import State

FIRST_BACKOFF_S = 0.5
LONGEST_BACKOFF_S = 30.0
STEADY_S = 20.0  # a process that ran so long starts again at once
POLL_S = 0.25
ROTATE_EVERY_S = 10.0
WHOLE_S = 3.0
MANY_DEATHS = 5  # one after the other, without a steady run between


class ServiceFailed(RuntimeError):
    """A service ended or did not get ready while the instance was starting."""


class Supervisor:
    """Services of one instance. One thread only: the one that started them.

    With ``adopt`` this process has no children but these services, and ends what a dead one left behind.
    """

    def __init__(self, state: State, *, say: Callable[[str], None], adopt: bool = False) -> None:
        self._state = state
        self._say = say
        self._running: dict[str, _Running] = {}
        self._whole = True
        self._rotated_at = time.monotonic()
        self._adopt = adopt
        if adopt:
            adopt_orphans()

    def start(self, service: Service, *, timeout_s: float = 30) -> None:
        """Start ``service`` and wait until it is ready, where it can tell.

        Raises:
            ServiceFailed: it ended first, or was not ready in ``timeout_s`` seconds.

        """
        running = _Running(service)
        self._running[service.name] = running
        self._launch(running)
        deadline = time.monotonic() + timeout_s
        while service.ready is not None and not service.ready():
            if running.process.poll() is not None:
                raise ServiceFailed(self._obituary(running))
            if time.monotonic() > deadline:
                message = f"{service.name} was not ready within {timeout_s:.0f} s; see {self._state.log(service.name)}"
                raise ServiceFailed(message)
            time.sleep(0.1)

    def run(self, *tasks: Service, timeout_s: float = 180) -> None:
        """Run ``tasks`` side by side to their end.

        Raises:
            ServiceFailed: one of them failed; the message carries the end of its log.

        """
        processes = [(task, start(task, self._state.log(task.name))) for task in tasks]
        deadline = time.monotonic() + timeout_s
        try:
            for task, process in processes:
                if process.wait(max(0, deadline - time.monotonic())) != 0:
                    message = f"{task.name} failed:\n{self.log_tail(task.name)}"
                    raise ServiceFailed(message)
        except subprocess.TimeoutExpired:
            message = f"{task.name} took longer than {timeout_s:.0f} s:\n{self.log_tail(task.name)}"
            raise ServiceFailed(message) from None
        finally:
            for _task, process in processes:
                kill_group(process)

    def log_tail(self, name: str, *, lines: int = 15) -> str:
        """Last lines of a log."""
        return tail(self._state.log(name), lines=lines)

    def check_alive(self) -> None:
        """Check that nothing has ended yet.

        Raises:
            ServiceFailed: the first that has.

        """
        for running in self._running.values():
            if running.process.poll() is not None:
                raise ServiceFailed(self._obituary(running))

    def tend(self) -> None:
        """One look at all services: name the dead, start them again after a pause that doubles. Call it for ever."""
        now = time.monotonic()
        for running in self._running.values():
            if running.process.poll() is None:
                self._check_answers(running, now)
            elif running.restart_at is None:
                self._bury(running)
            elif now >= running.restart_at and not self._state.hold(running.service.name).exists():
                self._launch(running)
                self._say(f"{running.service.name} started again")
        self._tell_when_whole(now)
        self._rotate_logs(now)
        time.sleep(POLL_S)

    def stop_all(self) -> None:
        """Stop everything side by side, and what others stand on after them."""
        for outlasts in (False, True):
            found = [running for running in reversed(self._running.values()) if running.service.outlasts is outlasts]
            stop(*((running.service, running.process) for running in found))
        self._end_orphans()
        self._running.clear()
        self._state.process_list.unlink(missing_ok=True)

    def _launch(self, running: "_Running") -> None:
        running.process = start(running.service, self._state.log(running.service.name))
        running.started_at = time.monotonic()
        running.restart_at = None
        if running.service.liveness is not None:
            running.service.liveness.begin(running.started_at)
        self._write_list()

    def _bury(self, running: "_Running") -> None:
        kill_group(running.process)
        self._end_orphans()
        steady = time.monotonic() - running.started_at >= STEADY_S
        running.backoff_s = FIRST_BACKOFF_S if steady else min(running.backoff_s * 2, LONGEST_BACKOFF_S)
        running.restart_at = time.monotonic() + running.backoff_s
        running.deaths = 1 if steady else running.deaths + 1
        self._whole = False
        self._say(f"{self._obituary(running)}; starting it again in {running.backoff_s:.1f} s")
        if running.deaths % MANY_DEATHS == 0:
            name = running.service.name
            self._say(f"{name} keeps ending, {running.deaths} times now. The end of its log:\n{self.log_tail(name, lines=5)}")

    def _end_orphans(self) -> None:
        if self._adopt:
            end_orphans({running.process.pid for running in self._running.values()})

    def _check_answers(self, running: "_Running", now: float) -> None:
        liveness = running.service.liveness
        if liveness is not None and liveness.is_silent(now):
            self._say(f"{running.service.name} runs but has not answered for a while; ending it")
            kill_group(running.process)

    def _tell_when_whole(self, now: float) -> None:
        """Say once that an outage is over: everything has run for a few seconds."""
        if not self._whole and all(
            running.process.poll() is None and now - running.started_at > WHOLE_S for running in self._running.values()
        ):
            self._whole = True
            self._say("everything runs again")

    def _rotate_logs(self, now: float) -> None:
        if now - self._rotated_at > ROTATE_EVERY_S:
            self._rotated_at = now
            for name in self._running:
                rotate(self._state.log(name))

    def _obituary(self, running: "_Running") -> str:
        name, status = running.service.name, running.process.returncode
        return f"{name} ended with status {status}, see {self._state.log(name)}"

    def _write_list(self) -> None:
        ids = {name: running.process.pid for name, running in self._running.items()}
        draft = self._state.process_list.with_suffix(f".{os.getpid()}")
        draft.write_text(json.dumps(ids))
        draft.replace(self._state.process_list)


class _Running:
    """A service and its process now."""

    process: subprocess.Popen[bytes]
    started_at: float

    def __init__(self, service: Service) -> None:
        self.service = service
        self.backoff_s = FIRST_BACKOFF_S / 2
        self.deaths = 0
        self.restart_at: float | None = None
