"""Reading rooms and seats."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import Count, F, Q

from provider.models import MDDState, Part, Seat

OPEN = Q(seats__opened_at__isnull=False, seats__ended_at__isnull=True)


def ended_among(seat_ids: Iterable[int]) -> dict[int, str]:
    """Reason by seat, for those of ``seat_ids`` that are over."""
    ended = Seat.objects.filter(id__in=list(seat_ids), ended_at__isnull=False)
    return dict(ended.order_by("id").values_list("id", "end_reason"))


def other_parts(seat_ids: Iterable[int]) -> dict[int, list[Part]]:
    """Parts of each seat's room besides its own."""
    found: dict[int, list[Part]] = {}
    for seat in Seat.objects.filter(id__in=list(seat_ids), part__isnull=False).order_by("id"):
        found[seat.id] = []
    pairs = Part.objects.filter(room__seats__in=list(found)).annotate(seat=F("room__seats"), own=F("room__seats__part"))
    for part in pairs.filter(seat__in=list(found)).order_by("id"):
        if part.own != part.id:
            found[part.seat].append(part)
    return found


def feeds_in_use(feeds: Iterable[str]) -> set[str]:
    """Those of ``feeds`` whose seat is not over."""
    return set(Seat.objects.filter(feed__in=list(feeds), ended_at__isnull=True).values_list("feed", flat=True))


def joins_since(*, pseudonym: str, now: datetime, seconds: int) -> int:
    """How often ``pseudonym`` joined within the last ``seconds``."""
    return Seat.objects.filter(pseudonym=pseudonym, joined_at__gt=now - timedelta(seconds=seconds)).count()


def mdd_states() -> dict[str, MDDState]:
    """What was noted of MDDs, by name."""
    return {state.name: state for state in MDDState.objects.order_by("name")}


def load_by_mdd() -> dict[str, tuple[int, int]]:
    """(endpoints with an open socket, rooms) by MDD."""
    counted = (
        Part.objects.values("mdd")
        .order_by("mdd")
        .annotate(endpoints=Count("seats", filter=OPEN), rooms=Count("id", distinct=True))
    )
    return {one["mdd"]: (one["endpoints"], one["rooms"]) for one in counted}


def parts_of(room_id: int) -> list[Part]:
    """A room's parts, each with ``endpoints``: how many have an open socket there."""
    return list(Part.objects.filter(room_id=room_id).annotate(endpoints=Count("seats", filter=OPEN)).order_by("id"))
