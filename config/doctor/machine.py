"""Checks of the machine: Python, programs, disk, ports, whether an instance runs."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from config.doctor.finding import ERROR, MAKE_RUN, OK, WARNING, Finding, Situation
from config.embedded.media import SYSTEM_PATH
from config.embedded.ports import SAME_PORT, is_free
from config.embedded.programs import ProgramMissing, postgres_programs, valkey_server

OLDEST_PYTHON = (3, 11)
LITTLE_BYTES, TOO_LITTLE_BYTES = 1_000_000_000, 200_000_000
PROGRAMS = {"janus": ("janus", "--version"), "turnserver": ("coturn", "--version")}


def python(_situation: Situation) -> Iterator[Finding]:
    """The interpreter and what is installed in it."""
    version = ".".join(str(part) for part in sys.version_info[:3])
    if sys.version_info < OLDEST_PYTHON:
        yield Finding(ERROR, f"Python {version} is too old", "install Python 3.11 or newer, remove .venv, make run")
    else:
        yield Finding(OK, f"Python {version}")


def programs(_situation: Situation) -> Iterator[Finding]:
    """Janus, coturn, PostgreSQL and Valkey."""
    for program, (package, option) in PROGRAMS.items():
        path = shutil.which(program, path=SYSTEM_PATH)
        if path is None:
            yield Finding(ERROR, f"{program} is not installed", f"apt-get install --no-install-recommends {package}")
        else:
            yield Finding(OK, f"{program} {_version(path, option)}")
    for find, name in ((postgres_programs, "PostgreSQL"), (valkey_server, "Valkey")):
        try:
            program_path = find()
        except ProgramMissing as error:
            yield Finding(ERROR, f"{name}: {error}", "deploy/setup.sh run")
        else:
            missing = not program_path.exists()
            yield (
                Finding(ERROR, f"{name} is not where its package says", "remove .venv; make run")
                if missing
                else Finding(OK, name)
            )


def disk(situation: Situation) -> Iterator[Finding]:
    """Room for databases and logs."""
    place = next(path for path in (situation.root, *situation.root.parents) if path.exists())
    free = shutil.disk_usage(place).free
    text = f"{free // 1_000_000} MB free in {place}"
    if free < TOO_LITTLE_BYTES:
        yield Finding(ERROR, f"only {text}: databases will stop", "make room, or move CONCLAVE_STATE to another disk")
    elif free < LITTLE_BYTES:
        yield Finding(WARNING, f"only {text}", "make room soon, or move CONCLAVE_STATE to another disk")
    else:
        yield Finding(OK, text)


def instance(situation: Situation) -> Iterator[Finding]:
    """Whether a supervisor tends this state directory."""
    if situation.running:
        yield Finding(OK, f"running with {situation.root}")
    elif not situation.root.exists():
        yield Finding(ERROR, f"not set up: {situation.root} does not exist", MAKE_RUN)
    else:
        yield Finding(ERROR, f"not running with {situation.root}", MAKE_RUN)


def ports(situation: Situation) -> Iterator[Finding]:
    """The two promised ports: two, ours while we run, else free."""
    if situation.port == situation.provider_port:
        yield Finding(ERROR, f"{SAME_PORT}, {situation.port}", "set one of them to another port")
        return
    for port, variable in ((situation.port, "CONCLAVE_PORT"), (situation.provider_port, "CONCLAVE_PROVIDER_PORT")):
        free = is_free(port)
        if situation.running:
            mend = "see the log of the site: it does not listen; make run again"
            yield Finding(ERROR, f"nothing listens on port {port}", mend) if free else Finding(OK, f"port {port} is served")
        elif free:
            yield Finding(OK, f"port {port} is free")
        else:
            yield Finding(ERROR, f"port {port} is taken{_holder(port)}", f"end that program, or set {variable} to another port")


def _version(program: str, option: str) -> str:
    try:
        result = subprocess.run([program, option], capture_output=True, text=True, timeout=5, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return "(version unknown)"
    found = re.search(r"\d+\.\d+(\.\d+)?", result.stdout + result.stderr)
    return found[0] if found else "(version unknown)"


def _holder(port: int) -> str:
    """Who listens on a loopback port, as far as the kernel tells us: `` by NAME (process N)`` or nothing."""
    wanted = f":{port:04X}"
    rows = [line.split() for table in ("tcp", "tcp6") for line in _lines(Path("/proc/net") / table)[1:]]
    inodes = {f"socket:[{row[9]}]" for row in rows if row[1].endswith(wanted) and row[3] == "0A"}
    for process in Path("/proc").iterdir():
        if process.name.isdigit() and _holds(process, inodes):
            name = (_lines(process / "comm") or ["?"])[0]
            return f" by {name} (process {process.name})"
    return ""


def _holds(process: Path, inodes: set[str]) -> bool:
    try:
        return any(str(link.readlink()) in inodes for link in (process / "fd").iterdir())
    except OSError:  # it ended, or is somebody else's
        return False


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text().splitlines()
    except OSError:
        return []
