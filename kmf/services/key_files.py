"""Files that hold sealed keys outside the database: whole or not there, mode 0600, on the disk before anybody relies on them."""

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings

from kmf.errors import KMFUnavailable


@contextmanager
def guarded(*, alone: bool) -> Iterator[None]:
    """Order those who make day keys (together) and those who reseal or drop them (``alone``), across processes.

    Readers need no guard: a file is replaced in one step. The lock ends with the process that holds it.
    """
    directory = Path(settings.KMF_DAY_KEYS_DIR)
    try:
        directory.mkdir(mode=0o700, exist_ok=True)
        handle = os.open(directory / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        give_to_owner(handle, directory)
    except OSError:
        raise KMFUnavailable("day keys cannot be written") from None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        yield
    finally:
        os.close(handle)


def give_to_owner(made: int | Path, directory: Path) -> None:
    """Give what root made in ``directory`` (a descriptor, or a path) to the directory's owner: the sites are not root."""
    if os.geteuid() == 0:
        owner = directory.stat()
        os.chown(made, owner.st_uid, owner.st_gid)


def write_once(path: Path, content: bytes) -> None:
    """Write ``path`` unless it is there: of several that write it at once, the first one's stays."""
    temporary = _temporary(path, content)
    try:
        os.link(temporary, path)
    except FileExistsError:
        pass
    finally:
        temporary.unlink()
    _settle(path.parent)


def replace(path: Path, content: bytes) -> None:
    """Put ``content`` in the place of what ``path`` held, in one step."""
    temporary = _temporary(path, content)
    temporary.replace(path)
    _settle(path.parent)


def remove(path: Path) -> None:
    """Take a file away for good, if it is there."""
    path.unlink(missing_ok=True)
    if path.parent.is_dir():
        _settle(path.parent)


def remove_leftovers(directory: Path) -> None:
    """Take away what a process that was killed while writing left. Call it ``alone``."""
    for path in directory.glob("tmp*"):
        path.unlink(missing_ok=True)


def _temporary(path: Path, content: bytes) -> Path:
    if not path.parent.is_dir():
        path.parent.mkdir(mode=0o700, exist_ok=True)
        give_to_owner(path.parent, path.parent.parent)
    handle, name = tempfile.mkstemp(prefix="tmp", dir=path.parent)
    give_to_owner(handle, path.parent)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    return Path(name)


def _settle(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
