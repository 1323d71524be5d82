"""User ids of the parts that must not share ours.

Only root can give them away. Started by anybody else, every process runs as that user, and the split between the
domains is one of processes, databases and secrets alone.
"""

import os
import pwd
import shutil
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from config.env import ROOT


class NoUserTool(RuntimeError):
    """A system user is missing and cannot be made."""


@dataclass(frozen=True)
class ServiceUser:
    """A system user, and whether it needs help to reach our files (a checkout below a closed directory such as ``/root``)."""

    name: str
    uid: int
    gid: int
    blocked: bool
    hidden: tuple[Path, ...] = ()

    def reaching(self, command: list[str], orphan_signal: int) -> list[str]:
        """``command`` as this user with the capability to read any file but what is ``hidden``.

        The hidden directories are covered in a mount namespace of its own, which it cannot leave. ``orphan_signal`` comes
        at its parent's death. Where the machine allows no such namespace the command fails.
        """
        grant = ["--inh-caps=-all,+dac_read_search", "--ambient-caps=-all,+dac_read_search"]
        death = f"--pdeathsig={signal.Signals(orphan_signal).name.removeprefix('SIG')}"
        setpriv = shutil.which("setpriv") or "/usr/bin/setpriv"
        switch = [setpriv, f"--reuid={self.uid}", f"--regid={self.gid}", "--clear-groups", *grant, death, "--", *command]
        covered = [str(path) for path in self.hidden if path.exists()]
        return ["unshare", "--mount", "--propagation", "private", "--", "/bin/sh", "-euc", _COVER, "sh", *covered, "--", *switch]

    @property
    def owner(self) -> tuple[int, int]:
        """User and group id."""
        return self.uid, self.gid


_COVER = (
    'while [ "$1" != -- ]; do'
    '  if [ -d "$1" ]; then mount -t tmpfs -o size=4k,mode=0 none "$1"; else mount --bind /dev/null "$1"; fi; shift;'
    ' done; shift; exec "$@"'
)


def service_user(name: str, *, paths: list[Path], hidden: tuple[Path, ...] = ()) -> ServiceUser | None:
    """Return the system user ``conclave-{name}``, made if need be; None where we are not root.

    Args:
        name: the part: ``postgres``, ``provider``, ``janus``, ``turn``.
        paths: what the user must be able to read, besides this checkout.
        hidden: what it must not read, even where it needs the capability to read any file.

    Raises:
        NoUserTool: the user is missing and ``useradd`` too.

    """
    if os.geteuid() != 0:
        return None
    entry = _find_or_create(f"conclave-{name}")
    blocked = not all(is_reachable(path) for path in [ROOT, *paths])
    return ServiceUser(name=entry.pw_name, uid=entry.pw_uid, gid=entry.pw_gid, blocked=blocked, hidden=hidden)


def as_user(user: ServiceUser | None, command: list[str], orphan_signal: int) -> tuple[list[str], dict[str, Any]]:
    """Return what ``subprocess`` needs to run ``command`` as ``user``: the command, and keyword arguments."""
    if user is None:
        return command, {}
    if user.blocked:
        return user.reaching(command, orphan_signal), {}
    return command, {"user": user.uid, "group": user.gid, "extra_groups": []}


def is_reachable(path: Path) -> bool:
    """Whether everybody may go through all directories down to ``path``."""
    resolved = path.resolve()
    return all(parent.stat().st_mode & 0o001 for parent in [resolved, *resolved.parents] if parent.is_dir())


def _find_or_create(name: str) -> pwd.struct_passwd:
    try:
        return pwd.getpwnam(name)
    except KeyError:
        pass
    useradd = shutil.which("useradd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if useradd is None:
        message = f"system user {name} is missing, and so is useradd (package passwd)"
        raise NoUserTool(message)
    command = [useradd, "--system", "--no-create-home", "--home-dir", "/nonexistent", "--shell", "/usr/sbin/nologin", name]
    subprocess.run(command, check=True, capture_output=True)  # noqa: S603  fixed command
    return pwd.getpwnam(name)
