"""Reading rooms and seats."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from provider.models import Seat


def ended_among(seat_ids: Iterable[int]) -> dict[int, str]:
    """Reason by seat, for those of ``seat_ids`` that are over."""
    ended = Seat.objects.filter(id__in=list(seat_ids), ended_at__isnull=False)
    return dict(ended.order_by("id").values_list("id", "end_reason"))


def joins_since(*, pseudonym: str, now: datetime, seconds: int) -> int:
    """How often ``pseudonym`` joined within the last ``seconds``."""
    return Seat.objects.filter(pseudonym=pseudonym, joined_at__gt=now - timedelta(seconds=seconds)).count()


def open_seats(room_id: int) -> int:
    """Endpoints with an open socket in a room."""
    return Seat.objects.filter(room_id=room_id, opened_at__isnull=False, ended_at__isnull=True).count()
