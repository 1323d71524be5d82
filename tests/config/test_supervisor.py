"""The supervisor: the dead are named and come back, nothing outlives it."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from config.embedded.liveness import Liveness
from config.embedded.ports import free_port
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


def tend_until(supervisor, condition, timeout_s=10):
    deadline = time.monotonic() + timeout_s
    while not condition() and time.monotonic() < deadline:
        supervisor.tend()
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


def test_pause_is_short_again_after_a_steady_run(supervisor, tmp_path, lines, monkeypatch):
    monkeypatch.setattr("config.embedded.supervisor.STEADY_S", 1.0)
    supervisor.start(service("fickle", "sh", "-c", f"test -e {tmp_path}/ill && exit 1; exec sleep 1000"))
    (tmp_path / "ill").touch()
    os.kill(pids(tmp_path)["fickle"], signal.SIGKILL)
    tend_until(supervisor, lambda: len([line for line in lines if "status 1" in line]) == 2)
    (tmp_path / "ill").unlink()
    tend_until(supervisor, lambda: any("everything runs again" in line for line in lines), 15)
    lines.clear()
    os.kill(pids(tmp_path)["fickle"], signal.SIGKILL)
    tend_until(supervisor, lambda: lines)
    assert lines == [f"fickle ended with status -9, see {tmp_path}/log/fickle.log; starting it again in 0.5 s"]


def test_service_that_keeps_ending_is_said_plainly_with_its_last_words(supervisor, lines, monkeypatch):
    monkeypatch.setattr("config.embedded.supervisor.LONGEST_BACKOFF_S", 0.1)
    supervisor.start(service("failing", "sh", "-c", "echo no room left; exit 1"))
    tend_until(supervisor, lambda: any("keeps ending" in line for line in lines))
    said = next(line for line in lines if "keeps ending" in line)
    assert said.startswith("failing keeps ending, 5 times now.")
    assert "no room left" in said


def test_service_that_answers_nothing_is_started_again(supervisor, tmp_path, lines, monkeypatch):
    monkeypatch.setattr("config.embedded.liveness.PATIENCE_S", 1.0)
    monkeypatch.setattr("config.embedded.liveness.ASK_EVERY_S", 0.2)
    port = free_port(0)
    command = [sys.executable, "-m", "http.server", "--bind", "127.0.0.1", "--directory", str(tmp_path / "run"), str(port)]
    supervisor.start(service("web", *command, liveness=Liveness(port, "localhost")))
    first = pids(tmp_path)["web"]
    end = time.monotonic() + 2.5
    while time.monotonic() < end:
        supervisor.tend()
    assert lines == []
    os.kill(first, signal.SIGSTOP)
    tend_until(supervisor, lambda: pids(tmp_path)["web"] != first)
    assert lines[0] == "web runs but has not answered for a while; ending it"
    assert not runs(first)


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


def test_all_stop_side_by_side_and_what_they_stand_on_after_them(supervisor, tmp_path):
    """Each of the two ends when the other was asked to end as well, and then looks whether the database still runs."""
    supervisor.start(service("database", "sleep", "1000", outlasts=True))
    database = pids(tmp_path)["database"]
    for name, other in (("one", "two"), ("two", "one")):
        waits = f"touch {tmp_path}/{name}.asked; until test -e {tmp_path}/{other}.asked; do sleep 0.05; done"
        ends = f"{waits}; kill -0 {database} && touch {tmp_path}/{name}.saw; exit"
        script = f"trap '{ends}' TERM; touch {tmp_path}/{name}.up; while :; do sleep 0.1; done"
        supervisor.start(service(name, "sh", "-c", script, ready=(tmp_path / f"{name}.up").exists))
    supervisor.stop_all()
    assert not runs(database)
    assert all((tmp_path / f"{name}.saw").exists() for name in ("one", "two"))


KILLED = """
import sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from config.embedded.liveness import Liveness
from config.embedded.ports import free_port
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


ADOPTING = (
    KILLED.split("for number", maxsplit=1)[0].replace("say=print", "say=print, adopt=True")
    + """
import os, signal, json
child = str(state.root / "child")
script = f"setsid sh -c 'echo $$ > {child}.new; mv {child}.new {child}; exec sleep 1000' & exec sleep 1000"
supervisor.start(Service(name="parent", command=["sh", "-c", script], environment={"PATH": "/usr/bin:/bin"}, directory=Path("/")))
while not (state.root / "child").exists():
    time.sleep(0.05)
os.kill(json.loads(state.process_list.read_text())["parent"], signal.SIGKILL)
supervisor.tend()
supervisor.tend()
supervisor.stop_all()
"""
)


def test_children_in_sessions_of_their_own_end_with_the_dead(tmp_path):
    """As PostgreSQL's backends have them: no group holds them together."""
    subprocess.run([sys.executable, "-c", ADOPTING, str(tmp_path), str(ROOT)], check=True, timeout=20)  # noqa: S603
    assert not runs(int((tmp_path / "child").read_text()))
