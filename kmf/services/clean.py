"""Housekeeping: day keys that no conference needs, denials that were counted, spent DPoP identifiers."""

from datetime import datetime, timedelta

from django.db import transaction

from conferences.services.audit import record
from conferences.services.frame_refusals import record_counted_frame_refusals
from kmf.authorization.cleaning import clean
from kmf.models import ConferenceKey
from kmf.services.day_keys import drop_day_keys, droppable_days
from kmf.services.denials import record_counted


def clean_up(*, now: datetime) -> None:
    """Drop day keys older than two days under which no conference key lies any more, and spent proofs."""
    keep = set(ConferenceKey.objects.filter(destroyed_at=None).values_list("day", flat=True).distinct())
    with transaction.atomic():
        doomed = droppable_days(keep=keep, before=(now - timedelta(days=2)).date())
        if doomed:
            record(event="day_key.dropped", at=now, actor="system", details={"days": [day.isoformat() for day in doomed]})
        drop_day_keys(doomed)
    record_counted(now=now)
    record_counted_frame_refusals(now=now)
    clean(now)
