"""Which MDD holds which room: the least loaded takes a new one; from a lost or drained one rooms go to another.

A room moves by ending its seats as ``mdd_gone``: the endpoints join anew, and the first to come has it allotted again.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from provider.errors import Unavailable
from provider.mdd.pool import configured_mdds
from provider.models import MDDState, Part, Room, Seat
from provider.selectors import load_by_mdd, mdd_states, parts_of

SECRET_BYTES = 32
DOUBTED_S = 60  # so long a lost one is passed over; then it is tried again, if nobody has seen it answer before


@dataclass(frozen=True)
class MDDLoad:
    """One configured MDD as the operator sees it."""

    name: str
    url: str
    draining: bool
    lost_at: datetime | None
    rooms: int
    endpoints: int


def list_mdds() -> list[MDDLoad]:
    """All configured MDDs with what they hold."""
    states, loads = mdd_states(), load_by_mdd()
    return [
        MDDLoad(
            name=mdd.name,
            url=mdd.url,
            draining=mdd.name in states and states[mdd.name].draining,
            lost_at=states[mdd.name].lost_at if mdd.name in states else None,
            rooms=loads.get(mdd.name, (0, 0))[1],
            endpoints=loads.get(mdd.name, (0, 0))[0],
        )
        for mdd in configured_mdds().values()
    ]


def place(*, room: Room, now: datetime) -> Part:
    """Where the next endpoint of ``room`` goes; the caller has locked the room's row.

    Raises:
        Unavailable: every MDD is drained.

    """
    known = {mdd.name: mdd for mdd in list_mdds()}
    usable = [part for part in parts_of(room.id) if part.mdd in known and _is_usable(known[part.mdd], part.endpoints)]
    limit = settings.PROVIDER_MDD_ROOM_LIMIT
    free = [part for part in usable if limit == 0 or part.endpoints < limit]
    if not free:
        held = {part.mdd for part in usable}
        candidates = [mdd for mdd in known.values() if not mdd.draining and mdd.name not in held]
        if candidates:
            chosen = min(candidates, key=lambda mdd: (_is_doubted(mdd, now), mdd.endpoints, mdd.rooms, mdd.name))
            if not _is_as_seen(chosen):
                return place(room=room, now=now)
            return _new_part(room, chosen.name)
    if not usable:
        raise Unavailable("every MDD is drained")
    return min(free or usable, key=lambda part: (part.endpoints, part.id))  # crowded is better than refused


def _is_as_seen(mdd: MDDLoad) -> bool:
    """Nobody has lost or drained it since we looked, nor can before our part is there to be moved with the others."""
    MDDState.objects.get_or_create(name=mdd.name)
    state = MDDState.objects.select_for_update().get(name=mdd.name)
    return (state.lost_at is None, state.draining) == (mdd.lost_at is None, mdd.draining)


def _is_usable(mdd: MDDLoad, endpoints: int) -> bool:
    return mdd.lost_at is None and not (mdd.draining and endpoints == 0)


def _new_part(room: Room, name: str) -> Part:
    """With a new random name, secret and PIN: what one MDD was told says nothing to another."""
    mdd_room, secret, pin = (secrets.token_urlsafe(SECRET_BYTES) for _ in range(3))
    Part.objects.filter(room=room, mdd=name).delete()  # one that nobody gave up, of an MDD that was lost
    return Part.objects.create(room=room, mdd=name, mdd_room=mdd_room, secret=secret, pin=pin)


def give_up_empty(*, room_id: int) -> None:
    """Forget the parts of a room in which nobody is; the next endpoint has it allotted anew."""
    with transaction.atomic():
        Room.objects.select_for_update().get(id=room_id)  # nobody sits down in one meanwhile
        Part.objects.filter(id__in=[part.id for part in parts_of(room_id) if part.endpoints == 0]).delete()


def _is_doubted(mdd: MDDLoad, now: datetime) -> bool:
    return mdd.lost_at is not None and now - mdd.lost_at < timedelta(seconds=DOUBTED_S)


def mark_lost(*, name: str, now: datetime) -> None:
    """The MDD is dead: its rooms go elsewhere. Where no other one lives nothing is done: all wait for a return."""
    lost = {other for other, state in mdd_states().items() if state.lost_at is not None}
    if configured_mdds().keys() - lost - {name}:
        MDDState.objects.update_or_create(name=name, defaults={"lost_at": now})
        _move_rooms(name, now)


def mark_back(*, name: str) -> None:
    """It answers again, and may have new rooms."""
    MDDState.objects.filter(name=name).update(lost_at=None)


def drain(*, name: str, move: bool, now: datetime) -> None:
    """Give it no new rooms; those that it has go on there until they are empty, or move at once.

    Raises:
        Unavailable: there is no such MDD.

    """
    _check_configured(name)
    MDDState.objects.update_or_create(name=name, defaults={"draining": True})
    if move:
        _move_rooms(name, now)


def undrain(*, name: str) -> None:
    """It may have new rooms again.

    Raises:
        Unavailable: there is no such MDD.

    """
    _check_configured(name)
    MDDState.objects.filter(name=name).update(draining=False)


def _check_configured(name: str) -> None:
    if name not in configured_mdds():
        raise Unavailable("there is no MDD of that name")


@transaction.atomic
def _move_rooms(name: str, now: datetime) -> None:
    # What is noted of the MDD is committed before: whoever was giving it a room has done so, and nobody begins to.
    # Rooms are locked before seats, as wherever a seat changes.
    list(Room.objects.select_for_update().filter(parts__mdd=name).order_by("id"))
    Seat.objects.filter(part__mdd=name, opened_at__isnull=False, ended_at__isnull=True).update(
        ended_at=now, end_reason="mdd_gone"
    )
    Part.objects.filter(mdd=name).delete()
