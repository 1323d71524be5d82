"""Reading rooms and seats."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import Count, Q

from provider.models import MDDState, Room, Seat


def ended_among(seat_ids: Iterable[int]) -> dict[int, str]:
    """Reason by seat, for those of ``seat_ids`` that are over."""
    ended = Seat.objects.filter(id__in=list(seat_ids), ended_at__isnull=False)
    return dict(ended.order_by("id").values_list("id", "end_reason"))


def joins_since(*, pseudonym: str, now: datetime, seconds: int) -> int:
    """How often ``pseudonym`` joined within the last ``seconds``."""
    return Seat.objects.filter(pseudonym=pseudonym, joined_at__gt=now - timedelta(seconds=seconds)).count()


def mdd_states() -> dict[str, MDDState]:
    """What was noted of MDDs, by name."""
    return {state.name: state for state in MDDState.objects.order_by("name")}


def load_by_mdd() -> dict[str, tuple[int, int]]:
    """(endpoints with an open socket, rooms) by MDD; rooms count from their allotment on."""
    living = Q(seats__opened_at__isnull=False, seats__ended_at__isnull=True)
    rooms = Room.objects.exclude(mdd="").values("mdd").order_by("mdd")
    counted = rooms.annotate(endpoints=Count("seats", filter=living), rooms=Count("id", distinct=True))
    return {one["mdd"]: (one["endpoints"], one["rooms"]) for one in counted}


def open_seats(room_id: int) -> int:
    """Endpoints with an open socket in a room."""
    return Seat.objects.filter(room_id=room_id, opened_at__isnull=False, ended_at__isnull=True).count()
