"""A seat's life after the join: opened by its ticket, seen while its socket lives, ended once."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction

from protocol.base64url import decode
from protocol.errors import Malformed as NotText
from provider.errors import NotAuthorized
from provider.models import Part, Room, Seat
from provider.services.allotting import give_up_empty, place
from provider.services.joining import SECRET_BYTES, ticket_hash
from provider.services.presence_reports import REPORTER

UNSEEN_AFTER_S = 60


def open_seat(*, handle: str, ticket: str, now: datetime) -> Seat:
    """Turn a ticket into an open seat; an earlier seat of the same pseudonym ends as ``replaced``.

    Raises:
        NotAuthorized: the ticket is unknown, used, expired or for another conference.
        Unavailable: no MDD may take the room.

    """
    try:
        decode(ticket, SECRET_BYTES)
    except NotText:
        raise NotAuthorized("not a ticket") from None
    with transaction.atomic():
        found = Seat.objects.filter(ticket=ticket_hash(ticket), room__handle=handle).first()
        if found is None:
            raise NotAuthorized("unknown ticket")
        Room.objects.select_for_update().get(id=found.room_id)  # one change at a time in a room
        seat = Seat.objects.select_related("room").get(id=found.id)
        if seat.opened_at is not None or seat.ended_at is not None:
            raise NotAuthorized("ticket was used before")
        if seat.ticket_expires_at <= now:
            raise NotAuthorized("ticket is expired")
        earlier = Seat.objects.filter(room_id=seat.room_id, pseudonym=seat.pseudonym, ended_at__isnull=True)
        earlier.exclude(id=seat.id).update(ended_at=now, end_reason="replaced")
        seat.part = place(room=seat.room, now=now)
        seat.opened_at = seat.seen_at = now
        seat.save(update_fields=["part", "opened_at", "seen_at"])
        transaction.on_commit(REPORTER.wake)
    return seat


def end_seat(*, seat_id: int, mdd_room: str, reason: str, now: datetime) -> bool:
    """End a seat, if nobody did before; returns whether nobody needs the room ``mdd_room`` of its MDD any more."""
    with transaction.atomic():
        room_id = Seat.objects.values_list("room_id", flat=True).get(id=seat_id)
        Room.objects.select_for_update().get(id=room_id)
        Seat.objects.filter(id=seat_id, ended_at__isnull=True).update(ended_at=now, end_reason=reason)
        transaction.on_commit(REPORTER.wake)
        give_up_empty(room_id=room_id)
        return not Part.objects.filter(mdd_room=mdd_room).exists()


def mark_seen(*, seat_ids: Iterable[int], now: datetime) -> None:
    """Note that the sockets of these seats live."""
    Seat.objects.filter(id__in=list(seat_ids), ended_at__isnull=True).update(seen_at=now)


def end_unseen(*, now: datetime) -> set[int]:
    """End the seats that a process which died has left open; returns their rooms."""
    limit = now - timedelta(seconds=UNSEEN_AFTER_S)
    unseen = Seat.objects.filter(opened_at__isnull=False, ended_at__isnull=True, seen_at__lt=limit)
    rooms = set(unseen.values_list("room_id", flat=True))
    unseen.update(ended_at=now, end_reason="lost")
    return rooms
