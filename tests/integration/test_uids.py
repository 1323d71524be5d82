"""Started as root, the semi-trusted parts run as users of their own who can read nothing of the trusted side.

The attacks are made as those users, with exactly the privileges and the view of the file system that the running processes have.
"""

import ctypes
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from config.embedded.processes import Service, start
from config.embedded.users import as_user, service_user
from config.embedded.view import ClosedToOthers, View, check_open, outermost_closed, view_of
from config.env import ROOT

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give user ids away")

ATTACKER = ROOT / "tests" / "config" / "attacker.py"
SYSTEM_PYTHON = Path("/usr/bin/python3")
TRUSTED_PROCESSES = ("trusted", "worker", "beat", "valkey", "postgres")
OWN_FILE = {"provider": "provider/env", "janus": "mdd/janus/janus.jcfg", "turn": "mdd/turn/turnserver.conf"}
CLOSED = ("trusted", "secrets", "postgres", "valkey", "mail", "log", "demo.json")


def status(pid):
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {name: value.split() for name, value in (line.split(":", 1) for line in lines)}


def closed_files(stack):
    """Every file that no semi-trusted part may read."""
    found = []
    for name in CLOSED:
        path = stack.state.root / name
        found += [path] if path.is_file() else [item for item in path.rglob("*") if item.is_file()]
    assert stack.state.root / "trusted" / "secrets" / "root.key" in found
    assert any(path.suffix == ".log" for path in found)
    return [str(path) for path in found]


def windows(stack):
    """What the kernel shows of the trusted processes and of the supervisor."""
    secret = stack.state.root / "trusted" / "secrets" / "root.key"
    pids = [stack.pid(name) for name in TRUSTED_PROCESSES] + [stack.supervisor.pid]
    files = [f"/proc/{pid}/{name}" for pid in pids for name in ("environ", "mem", "maps", "auxv", "stack")]
    files += [f"/proc/{pid}/root{secret}" for pid in [*pids, 1]]
    directories = [f"/proc/{pid}/{name}" for pid in [*pids, 1] for name in ("root", "cwd", "fd", "map_files")]
    return pids, files, directories


def handle_of(path):
    """What open_by_handle_at(2) would take, asked for as root."""
    libc = ctypes.CDLL(None, use_errno=True)
    buffer = ctypes.create_string_buffer((ctypes.c_uint * 2)(128, 0)[0].to_bytes(4, sys.byteorder) + bytes(4 + 128))
    mount = ctypes.c_int()
    if libc.name_to_handle_at(-100, os.fsencode(path), buffer, ctypes.byref(mount), 0) != 0:
        pytest.skip("this file system knows no file handles")
    size, kind = (int.from_bytes(buffer.raw[at : at + 4], sys.byteorder) for at in (0, 4))
    return kind, buffer.raw[8 : 8 + size].hex()


def attack_from(stack, name, order):
    """Attack as the running process ``name``: its mount namespace, its user and groups, none of our capabilities."""
    pid = stack.pid(name)
    uid, gid = status(pid)["Uid"][0], status(pid)["Gid"][0]
    enter = ["nsenter", "--target", str(pid), "--mount", "--wd", "--"]
    become = ["setpriv", f"--reuid={uid}", f"--regid={gid}", "--clear-groups", "--no-new-privs", "--inh-caps=-all"]
    command = [*enter, *become, "--bounding-set=-all", "--", sys.executable, "-c", ATTACKER.read_text()]
    result = subprocess.run(command, input=json.dumps(order), capture_output=True, text=True, check=False)  # noqa: S603
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


@pytest.mark.parametrize("name", ["postgres", "valkey", "trusted", "worker", "beat", "provider", "janus", "turn"])
def test_no_part_has_root_or_a_capability_or_a_way_to_get_one(stack, name):
    found = status(stack.pid(name))
    assert "0" not in found["Uid"] + found["Gid"]
    assert found.get("Groups") == []
    assert {found[kind][0].strip("0") for kind in ("CapInh", "CapPrm", "CapEff", "CapAmb")} == {""}
    assert found["NoNewPrivs"] == ["1"]


def test_every_domain_has_its_own_user(stack):
    uids = {name: status(stack.pid(name))["Uid"][0] for name in ("postgres", "valkey", "trusted", "provider", "janus", "turn")}
    assert len(set(uids.values())) == len(uids)


@pytest.mark.requirement("TRUST-1")
@pytest.mark.parametrize("name", OWN_FILE)
def test_semi_trusted_part_reads_nothing_of_the_trusted_side(stack, name):
    pids, files, directories = windows(stack)
    own = str(stack.state.root / OWN_FILE[name])
    of_others = [str(stack.state.root / path) for other, path in OWN_FILE.items() if other != name]
    wanted = [own, *of_others, *closed_files(stack), *files]
    directories += [str(stack.state.root / path) for path in CLOSED if path != "demo.json"]
    kind, handle = handle_of(stack.state.root / "trusted" / "secrets" / "root.key")
    order = {"open": wanted, "list": [*directories, "/"], "signal": pids, "trace": pids, "handles": [["/", kind, handle]]}
    assert attack_from(stack, name, order) == {"open": [own], "list": ["/"], "signal": [], "trace": [], "handles": []}


def test_the_attacker_can_do_what_root_can(stack):
    """The attack itself works: whoever may, succeeds."""
    _, files, _ = windows(stack)
    secret = stack.state.root / "trusted" / "secrets" / "root.key"
    kind, handle = handle_of(secret)
    readable, target = [str(secret), files[0]], stack.pid("trusted")
    order = {"open": readable, "signal": [target], "trace": [target], "handles": [["/", kind, handle]]}
    command = [sys.executable, str(ATTACKER)]
    result = subprocess.run(command, input=json.dumps(order), capture_output=True, text=True, check=True)  # noqa: S603
    found = json.loads(result.stdout)
    assert found["open"] == readable
    assert found["signal"] == found["trace"] == [target]
    if secret.stat().st_dev == Path("/").stat().st_dev:
        assert found["handles"] == [["/", kind, handle]]


@pytest.mark.parametrize("situation", ["every directory above is open", "a directory above is closed"])
def test_both_ways_of_starting_give_no_more_than_the_user_has(stack, tmp_path, situation):
    """The machine decides which way the running parts were started; the other way is tried here."""
    if not SYSTEM_PYTHON.exists():
        pytest.skip("no Python outside closed directories")
    (tmp_path / "closed" / "shown").mkdir(parents=True)
    (tmp_path / "closed" / "shown" / "code").write_text("x")
    (tmp_path / "closed" / "other").write_text("x")
    (tmp_path / "stage").mkdir()
    (tmp_path / "closed").chmod(0o700)
    view = view_of([tmp_path / "closed" / "shown"], tmp_path / "stage") if "closed" in situation else None
    user = replace(service_user("provider", stack.state), view=view)
    pids, files, _ = windows(stack)
    code, other = str(tmp_path / "closed" / "shown" / "code"), str(tmp_path / "closed" / "other")
    order = {"open": [code, other, *closed_files(stack), *files], "signal": pids, "trace": pids}
    command, switch = as_user(user, [str(SYSTEM_PYTHON), "-c", ATTACKER.read_text()], 9)
    result = subprocess.run(command, input=json.dumps(order), cwd="/", capture_output=True, text=True, check=False, **switch)  # noqa: S603
    assert result.returncode == 0, result.stderr
    expected = [code] if view else []
    assert json.loads(result.stdout) == {"open": expected, "list": [], "signal": [], "trace": [], "handles": []}


def test_view_needs_no_open_door_behind_it(stack, tmp_path):
    """A started service sees of the closed directory what is shown, nothing else; the directory's mode stays."""
    closed = tmp_path / "closed"
    (closed / "a" / "shown").mkdir(parents=True)
    (closed / "secret").write_text("x")
    (tmp_path / "stage").mkdir()
    closed.chmod(0o700)
    view = view_of([closed / "a" / "shown"], tmp_path / "stage")
    user = replace(service_user("provider", stack.state), view=view)
    script = f"find {closed} -mindepth 1 | sort; grep -c CapEff:.00000000 /proc/self/status; umask"
    command = ["/bin/sh", "-c", script]
    service = Service(name="look", command=command, environment={"PATH": "/usr/bin:/bin"}, directory=Path("/"), user=user)
    process = start(service, tmp_path / "log")
    assert process.wait(10) == 0
    lines = (tmp_path / "log").read_text().splitlines()
    assert lines == [str(closed / "a"), str(closed / "a" / "shown"), "1", "0077"]
    assert outermost_closed(closed / "secret") is not None
    assert (closed / "secret").exists()


def test_checkout_made_under_a_closed_umask_is_refused_with_its_mend(tmp_path):
    (tmp_path / "provider").mkdir()
    (tmp_path / "provider" / "models.py").write_text("")
    for name in ("config", "protocol", "static/provider", "templates/provider"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "manage.py").write_text("")
    check_open(tmp_path)
    (tmp_path / "provider" / "models.py").chmod(0o600)
    with pytest.raises(ClosedToOthers, match="chmod -R go"):
        check_open(tmp_path)


def test_machine_without_mount_namespaces_is_told_what_to_do(tmp_path):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    view = View(((closed, (closed / "nowhere",)),), tmp_path / "no stage")
    with pytest.raises(ClosedToOthers, match="/opt or /srv"):
        view.check()
