"""Log files of the services: closed to everybody else, and never longer than a disk can bear."""

import os
import shutil
from pathlib import Path
from typing import BinaryIO

LONG_LOG_BYTES = 10_000_000


def open_log(path: Path) -> BinaryIO:
    """Open a log for appending (mode 0600): logs of the trusted side may carry addresses and identifiers."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o600), "ab")


def rotate(path: Path, *, limit: int = LONG_LOG_BYTES) -> None:
    """Set a long log aside as ``.log.1`` and begin it anew, while it is written to.

    Its writer keeps the file open for appending, so the file stays and its content moves. A line that is written between the
    two steps is lost; that is rarer than a full disk.
    """
    if not path.exists() or path.stat().st_size <= limit:
        return
    aside, draft = path.with_suffix(".log.1"), path.with_suffix(".log.new")
    with path.open("rb") as source, os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as target:
        source.seek(max(0, path.stat().st_size - limit))
        shutil.copyfileobj(source, target)
    os.truncate(path, 0)
    draft.replace(aside)


def tail(path: Path, *, lines: int = 15) -> str:
    """Last lines of a log; empty where there is none."""
    if not path.exists():
        return ""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 100 * 1024))
        return "\n".join(file.read().decode(errors="replace").splitlines()[-lines:])
