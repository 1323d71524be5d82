"""``deploy/setup.sh`` where something is missing and nobody may install it: it says what, and who can, and changes nothing."""

import shutil
import subprocess
from pathlib import Path

import pytest

from config.env import ROOT

NEEDED = ("sh", "cat", "cut", "dirname", "grep", "mkdir", "sha256sum", "tr")
NOBODY = '#!/bin/sh\n[ "$1" = -u ] && echo 1000 || echo somebody\n'


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A checkout, and beside it all programs that this machine has: no Janus, no coturn, no sudo; whoever asks is not root."""
    (tmp_path / "checkout/deploy").mkdir(parents=True)
    shutil.copy(ROOT / "deploy/setup.sh", tmp_path / "checkout/deploy")
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in NEEDED:
        found = shutil.which(name)
        assert found is not None
        (programs / name).symlink_to(found)
    has(tmp_path, "id", NOBODY)
    has(tmp_path, "python3", "#!/bin/sh\nexit 0\n")
    return tmp_path


def has(machine: Path, name: str, script: str) -> None:
    program = machine / "programs" / name
    program.write_text(script)
    program.chmod(0o755)


def set_up(machine: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603  our own script
        [machine / "programs/sh", machine / "checkout/deploy/setup.sh", "run"],
        env={"PATH": str(machine / "programs"), "HOME": str(machine), "PYTHON": str(machine / "programs/python3")},
        capture_output=True,
        text=True,
        check=False,
    )


def left(machine: Path) -> set[str]:
    return {path.relative_to(machine / "checkout").as_posix() for path in (machine / "checkout").rglob("*")}


def test_who_is_neither_root_nor_has_sudo_is_told_what_root_can_run(machine: Path) -> None:
    has(machine, "apt-get", f"#!/bin/sh\n: > {machine}/installed\n")
    outcome = set_up(machine)
    assert outcome.returncode == 1
    assert outcome.stdout == ""
    assert outcome.stderr == (
        "setup: missing: janus coturn. You are neither root nor have you sudo;"
        " have root run: apt-get install --no-install-recommends janus coturn\n"
    )
    assert not (machine / "installed").exists()
    assert left(machine) == {"deploy", "deploy/setup.sh"}


def test_where_there_is_no_apt_it_says_what_to_install(machine: Path) -> None:
    outcome = set_up(machine)
    assert (outcome.returncode, outcome.stderr) == (
        1,
        "setup: missing: janus coturn. Install them with this system's package manager.\n",
    )
    assert left(machine) == {"deploy", "deploy/setup.sh"}
