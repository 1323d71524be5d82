"""Another root key takes over while keys go on being released. It may be killed anywhere: run again, it goes on."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db import transaction

from conferences.services.audit import record
from kmf.crypto.seal import new_key
from kmf.errors import KMFError
from kmf.services.day_keys import check_day_keys, days_with_keys, reseal_day_key
from kmf.services.key_files import guarded, remove_leftovers
from kmf.services.root_keys.provider import RootKey
from kmf.services.root_keys.register import Named, Register, opened, read_register, write_register
from kmf.services.root_keys.specification import open_root

Progress = Callable[[int, int], None]  # how many day keys are under the new root, of how many


class RotationRefused(KMFError):
    """The rotation that was asked for cannot begin."""


@dataclass(frozen=True)
class Rotation:
    """From which root key to which, by id, and how many day keys were under the new one at the end."""

    old: str
    new: str
    day_keys: int


def rotate_root(*, to: str | None, now: datetime, progress: Progress) -> Rotation:
    """Reseal every day key under the root key at ``to``, or go on with the rotation that was cut short.

    Raises:
        RotationRefused: nothing to go on with, another rotation is under way, or it is the same key.
        KMFUnavailable: one of the two root keys is away; nothing is lost, run it again.

    """
    # To rotate, in this order, each step leaving a state from which the next one can be taken again:
    #   1. see that both root keys work
    #   2. write into the audit that it begins
    #   3. let the register name both: from here on the new one seals
    #   4. reseal one day key after the other
    #   5. write into the audit that it is over
    #   6. let the register name the new one alone: the old one opens nothing any more
    register = read_register()
    if register is None or register.previous is None:
        register = _begin(to=to, register=register, now=now)
    elif to is not None and to != register.current.place:
        raise RotationRefused("another rotation is under way: finish it first")
    if register.previous is None:
        raise RuntimeError("a rotation has two root keys")
    # (4)
    count = _reseal_all(opened(register.current), progress)
    rotation = Rotation(register.previous.id, register.current.id, count)
    # (5)
    _record("root.rotation_finished", rotation, now)
    # (6)
    with guarded(alone=True):
        write_register(Register(register.current))
        remove_leftovers(Path(settings.KMF_DAY_KEYS_DIR))
    return rotation


def _begin(*, to: str | None, register: Register | None, now: datetime) -> Register:
    if to is None:
        raise RotationRefused("no rotation is under way: say where the new root key is")
    # (1)
    place = settings.KMF_ROOT if register is None else register.current.place
    old, new = open_root(place), open_root(to)
    if old.id == new.id:
        raise RotationRefused("that is the present root key")
    check_day_keys()
    probe = b"root rotation"
    new.unseal_day_key(new.seal_day_key(new_key(), data=probe), data=probe)
    # (2)
    _record("root.rotation_started", Rotation(old.id, new.id, len(days_with_keys())), now)
    # (3)
    begun = Register(current=Named(new.id, to), previous=Named(old.id, place))
    with guarded(alone=True):  # nobody is making a day key under the old one at this moment, nor will again
        write_register(begun)
    return begun


def _reseal_all(root: RootKey, progress: Progress) -> int:
    days = days_with_keys()
    for done, day in enumerate(days):
        progress(done, len(days))
        reseal_day_key(day, root=root)
    progress(len(days), len(days))
    return len(days)


@transaction.atomic
def _record(event: str, rotation: Rotation, now: datetime) -> None:
    details = {"from": rotation.old, "to": rotation.new, "day_keys": rotation.day_keys}
    record(event=event, at=now, actor="system", details=details)
