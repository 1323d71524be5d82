"""Showing a service what it needs below directories that are closed to it, and nothing else there.

A checkout below a closed directory (``/root``, a home directory) cannot be entered by the services' users. Opening that
directory is not ours to do, and the capability to read any file would be a hole: it opens files by handle, past every mount
(open_by_handle_at(2)). So such a service gets a mount namespace of its own in which the closed directory is replaced by an
empty one that holds only bind mounts of what the service needs. It has no capability at all; the modes of the files decide.
"""

import shlex
import subprocess
from dataclasses import dataclass
from pathlib import Path

from config.env import ROOT

PROVIDER_CODE = ("manage.py", "config", "protocol", "provider", "static/provider", "templates/provider")


class ClosedToOthers(RuntimeError):
    """Services of other users cannot be given what they need. The message says how to mend it."""


@dataclass(frozen=True)
class View:
    """Closed directories, and the directories that are shown below each.

    Attributes:
        shown: pairs of a closed directory and what is shown below it, outer directories before inner ones.
        stage: an empty directory of ours, where the replacement is built.

    """

    shown: tuple[tuple[Path, tuple[Path, ...]], ...]
    stage: Path

    def wrapping(self, command: list[str]) -> list[str]:
        """``command``, to be run by root, in a mount namespace with this view."""
        return ["unshare", "--mount", "--propagation", "private", "--", "/bin/sh", "-euc", self._script(), "sh", *command]

    def check(self) -> None:
        """Check that this machine lets us make it.

        Raises:
            ClosedToOthers: it does not.

        """
        result = subprocess.run(  # noqa: S603  our own command
            self.wrapping(["/bin/true"]), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
        if result.returncode != 0:
            closed = ", ".join(str(directory) for directory, _ in self.shown)
            reason = " ".join(result.stderr.split())[:200]
            message = (
                f"{closed} is closed to other users, and no mount namespace can be made to show them the program ({reason})."
                " Put the checkout (and its Python) below a directory that everybody may enter, such as /opt or /srv,"
                " or start it as an ordinary user"
            )
            raise ClosedToOthers(message)

    def _script(self) -> str:
        stage, lines = shlex.quote(str(self.stage)), ["umask 022"]
        for directory, paths in self.shown:
            lines.append(f"mount -t tmpfs -o mode=0755,size=1m none {stage}")
            for path in paths:
                target = shlex.quote(str(self.stage / path.relative_to(directory)))
                lines.append(f"mkdir -p {target}; mount --bind {shlex.quote(str(path))} {target}")
            lines.append(f"mount --move {stage} {shlex.quote(str(directory))}")
        return "; ".join([*lines, "umask 077", 'cd "$PWD"', 'exec "$@"'])


def view_of(paths: list[Path], stage: Path) -> View | None:
    """Return the view that others need to reach ``paths``; None where every directory above them is open."""
    shown: dict[Path, list[Path]] = {}
    for path in sorted({path.resolve() for path in paths}):  # outer ones first
        closed = outermost_closed(path)
        if closed is not None:
            shown.setdefault(closed, []).append(path)
    return View(tuple((closed, tuple(below)) for closed, below in shown.items()), stage) if shown else None


def outermost_closed(path: Path) -> Path | None:
    """The outermost directory above ``path`` that others may not enter."""
    parents = reversed(path.parents)
    return next((parent for parent in parents if not parent.stat().st_mode & 0o001), None)


def check_open(code: Path = ROOT) -> None:
    """Check that others may read the provider's code: a checkout made under umask 077 is closed file by file.

    Raises:
        ClosedToOthers: a file or directory is closed.

    """
    for name in PROVIDER_CODE:
        for path in (code / name, *(code / name).rglob("*")):
            wanted = 0o005 if path.is_dir() else 0o004
            if path.stat().st_mode & wanted != wanted and path.suffix != ".pyc":
                message = f"{path} is closed to other users; open the checkout with: chmod -R go+rX {shlex.quote(str(code))}"
                raise ClosedToOthers(message)
