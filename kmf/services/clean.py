"""Housekeeping: day keys that no conference needs, spent DPoP identifiers."""

from datetime import datetime, timedelta

from django.db import transaction

from conferences.services.audit import record
from kmf.authorization.cleaning import clean
from kmf.models import ConferenceKey
from kmf.services.day_keys import drop_day_keys


def clean_up(*, now: datetime) -> None:
    """Drop day keys older than two days under which no conference key lies any more, and spent proofs."""
    keep = set(ConferenceKey.objects.values_list("day", flat=True).distinct())
    dropped = drop_day_keys(keep=keep, before=(now - timedelta(days=2)).date())
    if dropped:
        with transaction.atomic():
            days = [day.isoformat() for day in dropped]
            record(event="day_key.dropped", at=now, actor="system", details={"days": days})
    clean(now)
