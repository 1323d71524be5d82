r"""Day keys: one file a day, sealed under the root key that its header names, outside the database and its backups.

``"conclave/1 day key\n" ‖ root id ‖ "\n" ‖ sealed``. Dropping a day's file closes for ever what was sealed under it.
"""

from datetime import date
from pathlib import Path

from django.conf import settings

from kmf.crypto.seal import associated_data, new_key
from kmf.crypto.secret_bytes import SecretBytes
from kmf.errors import KMFUnavailable, RootKeyWrong
from kmf.services.key_files import guarded, remove, remove_leftovers, replace, write_once
from kmf.services.root_keys.provider import ID_LENGTH, RootKey
from kmf.services.root_keys.register import current_root, root_named

_MAGIC = b"conclave/1 day key\n"
_READS = 3  # a rotation may end between the look at the file and the look at the register: then both are other ones


def day_key(day: date, *, create: bool = False) -> SecretBytes:
    """Key of ``day``; with ``create`` it is made if the day has none.

    Raises:
        RootKeyAway: the root key is away.
        RootKeyWrong: it is there, and another one.
        KMFUnavailable: the day has no key, or its file is damaged.

    """
    path = _path(day)
    if create and not path.exists():
        _make(day, path)
    for _ in range(_READS - 1):
        root_id, sealed = _read(path)
        try:
            return root_named(root_id).unseal_day_key(sealed, data=_data(day, root_id))
        except RootKeyWrong:
            if _read(path) == (root_id, sealed):
                raise
    root_id, sealed = _read(path)
    return root_named(root_id).unseal_day_key(sealed, data=_data(day, root_id))


def check_day_keys() -> None:
    """Open the newest day key, or see that the root key can be reached where there is none.

    Raises:
        RootKeyAway, RootKeyWrong, KMFUnavailable: as ``day_key``.

    """
    days = days_with_keys()
    if days:
        day_key(days[-1])
        return
    root = current_root()
    data = _data(date.min, root.id)
    root.unseal_day_key(root.seal_day_key(new_key(), data=data), data=data)


def days_with_keys() -> list[date]:
    """Every day that has a key, rising."""
    days = (_day(path) for path in Path(settings.KMF_DAY_KEYS_DIR).glob("*.key"))
    return sorted(day for day in days if day is not None)


def sealing_root(day: date) -> str:
    """Id of the root key that a day's key is sealed under."""
    return _read(_path(day))[0]


def reseal_day_key(day: date, *, root: RootKey) -> None:
    """Seal a day's key under ``root``, in one step; nothing happens if it is, or if the day was dropped meanwhile.

    Raises:
        KMFUnavailable: it does not open.

    """
    path = _path(day)
    with guarded(alone=True):  # a day that is dropped now must not come back by this
        if not path.exists():
            return
        root_id, sealed = _read(path)
        if root_id == root.id:
            return
        key = root_named(root_id).unseal_day_key(sealed, data=_data(day, root_id))
        replace(path, _sealed(key, day=day, root=root))


def droppable_days(*, keep: set[date], before: date) -> list[date]:
    """Days before ``before`` that have a key and are not in ``keep``."""
    return [day for day in days_with_keys() if day < before and day not in keep]


def drop_day_keys(days: list[date]) -> None:
    """Delete the keys of these days: what was sealed under them is closed for ever."""
    with guarded(alone=True):
        for day in days:
            remove(_path(day))
        remove_leftovers(Path(settings.KMF_DAY_KEYS_DIR))  # one may be another name of a key that is dropped


def _day(path: Path) -> date | None:
    try:
        return date.fromisoformat(path.stem)
    except ValueError:  # a file that somebody else put there
        return None


def _make(day: date, path: Path) -> None:
    """Two processes may make the same day's key at once: the first one's stays.

    A root key that does not open the days before seals no new one: somebody put a wrong key there.
    """
    with guarded(alone=False):
        before = days_with_keys()
        if before:
            root_named(_read(_path(before[-1]))[0])
        write_once(path, _sealed(new_key(), day=day, root=current_root()))


def _sealed(key: SecretBytes, *, day: date, root: RootKey) -> bytes:
    root_id = root.id
    return _MAGIC + root_id.encode() + b"\n" + root.seal_day_key(key, data=_data(day, root_id))


def _read(path: Path) -> tuple[str, bytes]:
    """Root id and sealed bytes of a file."""
    try:
        content = path.read_bytes()
    except OSError:
        raise KMFUnavailable("day key is not there") from None
    start = len(_MAGIC) + ID_LENGTH
    root_id = content[len(_MAGIC) : start]
    if not content.startswith(_MAGIC) or content[start : start + 1] != b"\n" or not root_id.isascii():
        raise KMFUnavailable("day key file is damaged")
    return root_id.decode(), content[start + 1 :]


def _path(day: date) -> Path:
    return Path(settings.KMF_DAY_KEYS_DIR) / f"{day.isoformat()}.key"


def _data(day: date, root_id: str) -> bytes:
    return associated_data(purpose="day key", owner=day.isoformat(), key_id=root_id)
