"""The supervisor: the dead are named and come back, nothing outlives it."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from config.embedded.processes import Service
from config.embedded.state import State
from config.embedded.supervisor import ServiceFailed, Supervisor
from config.env import ROOT

PATH = os.environ["PATH"]


def service(name, *command, **options):
    return Service(name=name, command=list(command), environment={"PATH": PATH}, directory=Path("/"), **options)


def runs(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def await_true(condition, timeout_s=10):
    deadline = time.monotonic() + timeout_s
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert condition()


@pytest.fixture
def lines():
    return []


@pytest.fixture
def supervisor(tmp_path, lines):
    state = State(tmp_path)
    state.make_directories()
    made = Supervisor(state, say=lines.append)
    yield made
    made.stop_all()


def pids(tmp_path):
    import json  # noqa: PLC0415  for this line

    return json.loads((tmp_path / "run" / "processes.json").read_text())


def test_dead_process_is_named_and_started_again(supervisor, tmp_path, lines):
    supervisor.start(service("sleeper", "sleep", "1000"))
    first = pids(tmp_path)["sleeper"]
    os.kill(first, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while pids(tmp_path)["sleeper"] == first and time.monotonic() < deadline:
        supervisor.tend()
    assert runs(pids(tmp_path)["sleeper"])
    assert "sleeper ended with status -9" in lines[0]
    assert lines[-1] == "sleeper started again"


def test_held_process_stays_away_until_the_hold_ends(supervisor, tmp_path):
    supervisor.start(service("sleeper", "sleep", "1000"))
    first = pids(tmp_path)["sleeper"]
    hold = State(tmp_path).hold("sleeper")
    hold.touch()
    os.kill(first, signal.SIGKILL)
    end = time.monotonic() + 2
    while time.monotonic() < end:
        supervisor.tend()
    assert pids(tmp_path)["sleeper"] == first
    hold.unlink()
    supervisor.tend()
    assert runs(pids(tmp_path)["sleeper"])
    assert pids(tmp_path)["sleeper"] != first


def test_pause_before_a_new_start_grows(supervisor, lines):
    supervisor.start(service("failing", "false"))
    end = time.monotonic() + 3
    while time.monotonic() < end:
        supervisor.tend()
    pauses = [line.rsplit(" in ", 1)[1] for line in lines if "ended with status 1" in line]
    assert pauses[:2] == ["0.5 s", "1.0 s"]


def test_service_that_ends_while_starting_is_an_error(supervisor):
    with pytest.raises(ServiceFailed, match="failing ended with status 1"):
        supervisor.start(service("failing", "false", ready=lambda: False))


def test_service_that_is_never_ready_is_an_error(supervisor):
    with pytest.raises(ServiceFailed, match="not ready within"):
        supervisor.start(service("slow", "sleep", "1000", ready=lambda: False), timeout_s=0.3)


def test_failed_task_shows_the_end_of_its_log(supervisor):
    with pytest.raises(ServiceFailed, match="the reason"):
        supervisor.run(service("fine", "true"), service("task", "sh", "-c", "echo the reason; exit 3"))


def test_stop_takes_the_stubborn_and_their_children(supervisor, tmp_path):
    script = "trap '' TERM; sleep 1000 & echo $! > " + str(tmp_path / "child") + "; while :; do sleep 0.2; done"
    supervisor.start(service("stubborn", "sh", "-c", script, stop_s=0.5))
    await_true(lambda: (tmp_path / "child").exists() and (tmp_path / "child").read_text().strip())
    parent, child = pids(tmp_path)["stubborn"], int((tmp_path / "child").read_text())
    supervisor.stop_all()
    await_true(lambda: not runs(parent) and not runs(child))
    assert not (tmp_path / "run" / "processes.json").exists()


KILLED = """
import sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from config.embedded.processes import Service
from config.embedded.state import State
from config.embedded.supervisor import Supervisor
state = State(Path(sys.argv[1]))
state.make_directories()
supervisor = Supervisor(state, say=print)
for number in range(3):
    command, environment = ["sleep", "1000"], {"PATH": "/usr/bin:/bin"}
    supervisor.start(Service(name=f"s{number}", command=command, environment=environment, directory=Path("/")))
(state.root / "up").touch()
time.sleep(1000)
"""


def test_nothing_outlives_a_supervisor_that_was_killed(tmp_path):
    with subprocess.Popen([sys.executable, "-c", KILLED, str(tmp_path), str(ROOT)]) as supervisor:  # noqa: S603
        await_true((tmp_path / "up").exists)
        running = pids(tmp_path).values()
        assert all(runs(pid) for pid in running)
        supervisor.kill()
    await_true(lambda: not any(runs(pid) for pid in running))
