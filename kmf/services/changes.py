"""A conference's rows changed (ended, withdrawn): settle its keys now, and wake the hubs."""

from datetime import datetime

from django.db import transaction

from conferences.models import OutboxItem, Participant
from kmf.hints import announce_on_commit
from kmf.services.presence import order_eviction
from kmf.services.settle import settle


@transaction.atomic
def follow_change(item: OutboxItem, now: datetime) -> None:
    """Outbox handler of ``conference.changed``."""
    conference_id = item.payload["conference"]
    settle(conference_id=conference_id, now=now)
    withdrawn = Participant.objects.select_related("conference__organisation").filter(pk=item.payload.get("withdrawn"))
    for participant in withdrawn.filter(withdrawn_at__isnull=False):
        order_eviction(conference=participant.conference, participant=participant, now=now)
    announce_on_commit(conference_id)
