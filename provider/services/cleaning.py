"""Forgetting: what is over or expired is deleted. Correctness never waits for this."""

from datetime import datetime, timedelta

from provider.models import Room, Seat, UsedProof
from provider.services.allotting import give_up_empty
from provider.services.seats import end_unseen

KEPT = timedelta(hours=24)  # an eviction and a closing must outlast every token


def clean(*, now: datetime) -> None:
    """End seats that nobody looks after, delete used-up proofs, seats and rooms of yesterday."""
    for room_id in end_unseen(now=now):
        give_up_empty(room_id=room_id)
    UsedProof.objects.filter(expires_at__lt=now).delete()
    Seat.objects.filter(opened_at__isnull=True, ticket_expires_at__lt=now - timedelta(minutes=5)).delete()
    Seat.objects.filter(ended_at__lt=now - KEPT).delete()
    Room.objects.filter(created_at__lt=now - KEPT, seats__isnull=True).exclude(evictions__at__gt=now - KEPT).exclude(
        closed_at__gt=now - KEPT
    ).delete()
