"""Which root keys there are: ``roots.json`` beside the day keys, written by the first rotation. No secret stands in it.

Until then there is one, at ``KMF_ROOT``. Read at every use, so that every process follows a rotation at once.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from django.conf import settings

from kmf.errors import RootKeyAway, RootKeyWrong
from kmf.services.key_files import replace
from kmf.services.root_keys.provider import RootKey
from kmf.services.root_keys.specification import open_root


@dataclass(frozen=True)
class Named:
    """A root key by its id, and where it is."""

    id: str
    place: str


@dataclass(frozen=True)
class Register:
    """``current`` seals; during a rotation ``previous`` opens what is not resealed yet."""

    current: Named
    previous: Named | None = None


def read_register() -> Register | None:
    """What the last rotation wrote; None before the first.

    Raises:
        RootKeyAway: it cannot be read.

    """
    try:
        found = json.loads(_path().read_bytes())
        previous = found["previous"]
        return Register(Named(**found["current"]), None if previous is None else Named(**previous))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, KeyError):
        raise RootKeyAway("roots.json cannot be read") from None


def write_register(register: Register) -> None:
    """Make it hold for every process. The caller is alone (:func:`kmf.services.key_files.guarded`)."""
    replace(_path(), json.dumps(asdict(register), indent=1).encode() + b"\n")


def current_root() -> RootKey:
    """The root key that seals.

    Raises:
        RootKeyAway: it cannot be reached.
        RootKeyWrong: another key is in its place.

    """
    register = read_register()
    return open_root(settings.KMF_ROOT) if register is None else opened(register.current)


def root_named(root_id: str) -> RootKey:
    """The root key that a day key names.

    Raises:
        RootKeyAway: it cannot be reached.
        RootKeyWrong: it is none of ours, or another key is in its place.

    """
    register = read_register()
    if register is None:
        root = open_root(settings.KMF_ROOT)
        if root.id != root_id:
            raise RootKeyWrong
        return root
    for named in (register.current, register.previous):
        if named is not None and named.id == root_id:
            return opened(named)
    raise RootKeyWrong


def opened(named: Named) -> RootKey:
    """The key that is at ``named.place``, if it is the one that is named."""
    root = open_root(named.place)
    if root.id != named.id:
        raise RootKeyWrong
    return root


def _path() -> Path:
    return Path(settings.KMF_DAY_KEYS_DIR) / "roots.json"
