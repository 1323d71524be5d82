"""What can be told before anything is started: a plain word now is better than a database that stops halfway."""

import os
import shutil
import tempfile
from pathlib import Path

from config.embedded.media import SYSTEM_PATH, MediaMissing
from config.embedded.state import State

NEEDED_BYTES = 200_000_000  # a cluster, its log, some mails
PACKAGES = {"janus": "janus", "turnserver": "coturn"}


class CannotKeepState(RuntimeError):
    """The state directory cannot be written, or its disk is full. The message says how to mend it."""


def check_media_programs() -> None:
    """Check that Janus and coturn are installed.

    Raises:
        MediaMissing: one is not.

    """
    missing = [package for program, package in PACKAGES.items() if shutil.which(program, path=SYSTEM_PATH) is None]
    if missing:
        names = " ".join(missing)
        message = f"{' and '.join(missing)} not installed; as root: apt-get install --no-install-recommends {names}"
        raise MediaMissing(message)


def check_room(state: State, *, needed: int = NEEDED_BYTES) -> None:
    """Check that the state directory can be made and written, and that its disk has room.

    Raises:
        CannotKeepState: it cannot, or has not.

    """
    place = _existing(state.root)
    if not os.access(place, os.W_OK | os.X_OK):
        message = f"{place} cannot be written by this user; set CONCLAVE_STATE to a directory of yours"
        raise CannotKeepState(message)
    try:
        state.root.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=state.root) as file:
            file.write(b"\0" * 4096)
            file.flush()
    except OSError as error:
        message = (
            f"{state.root} cannot be written ({error.strerror}); make room there, or set CONCLAVE_STATE to another directory"
        )
        raise CannotKeepState(message) from None
    free = shutil.disk_usage(state.root).free
    if free < needed:
        message = (
            f"only {free // 1_000_000} MB free where {state.root} lies, {needed // 1_000_000} are needed;"
            " make room, or set CONCLAVE_STATE to another disk"
        )
        raise CannotKeepState(message)


def _existing(path: Path) -> Path:
    return next(place for place in (path, *path.parents) if place.exists())
