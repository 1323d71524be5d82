"""User ids of the parts: the domains, the databases and the media servers each have their own.

Only root can give them away. Started by anybody else, every process runs as that user, and the split between the
domains is one of processes, databases and secrets alone.
"""

import os
import pwd
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from config.embedded.state import State, make_directory
from config.embedded.view import View, check_open, view_of
from config.env import ROOT


class NoUserTool(RuntimeError):
    """A system user is missing and cannot be made."""


@dataclass(frozen=True)
class ServiceUser:
    """A system user, and the view it needs where the checkout, its Python or the state lie below a closed directory."""

    name: str
    uid: int
    gid: int
    view: View | None = None

    @property
    def owner(self) -> tuple[int, int]:
        """User and group id."""
        return self.uid, self.gid


def service_user(name: str, state: State) -> ServiceUser | None:
    """Return the system user ``conclave-{name}``, made if need be; None where we are not root.

    Raises:
        NoUserTool: the user is missing and ``useradd`` too.

    """
    if os.geteuid() != 0:
        return None
    entry = _find_or_create(f"conclave-{name}")
    stage = state.root / "run" / "view"
    make_directory(stage, 0o700)
    paths = [ROOT, Path(sys.prefix), Path(sys.base_prefix), state.root]
    return ServiceUser(name=entry.pw_name, uid=entry.pw_uid, gid=entry.pw_gid, view=view_of(paths, stage))


def check_services_can_run(state: State) -> None:
    """Check that other users may reach and read what they run. Nothing to check where we are not root.

    Raises:
        ClosedToOthers: they may not; the message says how to mend it.

    """
    user = service_user("provider", state)
    if user is not None:
        check_open()
        if user.view is not None:
            user.view.check()


def as_user(user: ServiceUser | None, command: list[str], orphan_signal: int) -> tuple[list[str], dict[str, Any]]:
    """Return what ``subprocess`` needs to run ``command`` as ``user``: the command, and keyword arguments."""
    if user is None:
        return command, {}
    if user.view is None:
        return command, {"user": user.uid, "group": user.gid, "extra_groups": []}
    # The signal at the parent's death is forgotten when the user changes, so it is set again after that.
    death = f"--pdeathsig={signal.Signals(orphan_signal).name.removeprefix('SIG')}"
    setpriv = shutil.which("setpriv") or "/usr/bin/setpriv"
    switch = [setpriv, f"--reuid={user.uid}", f"--regid={user.gid}", "--clear-groups", "--no-new-privs", "--inh-caps=-all"]
    return user.view.wrapping([*switch, "--bounding-set=-all", death, "--", *command]), {}


def _find_or_create(name: str) -> pwd.struct_passwd:
    try:
        return pwd.getpwnam(name)
    except KeyError:
        pass
    useradd = shutil.which("useradd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if useradd is None:
        message = f"system user {name} is missing, and so is useradd (package passwd)"
        raise NoUserTool(message)
    command = [useradd, "--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent"]
    subprocess.run([*command, "--shell", "/usr/sbin/nologin", name], check=True, capture_output=True)  # noqa: S603  fixed command
    return pwd.getpwnam(name)
