"""Day keys: one file a day, sealed under the root key, outside the database and its backups.

Dropping a day's file closes for ever what was sealed under it, in every backup too (DESIGN section 5).
"""

import os
import tempfile
from datetime import date
from pathlib import Path

from django.conf import settings

from kmf.crypto.seal import associated_data, new_key, seal, unseal
from kmf.crypto.secret_bytes import SecretBytes
from kmf.errors import KMFUnavailable
from kmf.services.root_key import root_key


def day_key(day: date, *, create: bool = False) -> SecretBytes:
    """Key of ``day``; with ``create`` it is made if the day has none.

    Raises:
        KMFUnavailable: there is none, or the root key is away.

    """
    path = _path(day)
    if create and not path.exists():
        _make(day, path)
    try:
        sealed = path.read_bytes()
    except OSError:
        raise KMFUnavailable("day key is not there") from None
    return unseal(root_key(), sealed, data=_data(day))


def droppable_days(*, keep: set[date], before: date) -> list[date]:
    """Days before ``before`` that have a key and are not in ``keep``."""
    days = [_day(path) for path in sorted(Path(settings.KMF_DAY_KEYS_DIR).glob("*.key"))]
    return [day for day in days if day is not None and day < before and day not in keep]


def drop_day_keys(days: list[date]) -> None:
    """Delete the keys of these days: what was sealed under them is closed for ever."""
    for day in days:
        _path(day).unlink(missing_ok=True)


def _day(path: Path) -> date | None:
    try:
        return date.fromisoformat(path.stem)
    except ValueError:  # a file that somebody else put there
        return None


def _make(day: date, path: Path) -> None:
    """Write whole or not at all: two processes may make the same day's key at once, the first one's stays."""
    path.parent.mkdir(mode=0o700, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(handle, "wb") as file:
        file.write(seal(root_key(), new_key(), data=_data(day)))
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(temporary, path)
    except FileExistsError:
        pass
    finally:
        Path(temporary).unlink()


def _path(day: date) -> Path:
    return Path(settings.KMF_DAY_KEYS_DIR) / f"{day.isoformat()}.key"


def _data(day: date) -> bytes:
    return associated_data(purpose="day key", owner=day.isoformat())
