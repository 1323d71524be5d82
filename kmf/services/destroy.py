"""Destroying: the bytes of keys are gone, in every copy of the database too. Marked in one transaction, done in the next.

The file goes after the mark is committed and before the audit says so: a process that is killed between them leaves a mark that
the next one carries out, and an entry ``conference_key.destroyed`` is never ahead of the fact.
"""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from conferences.models import Conference
from conferences.rules import CLOCKS_DIFFER
from conferences.services.audit import record
from kmf.models import ConferenceKey, Epoch
from kmf.services.conference_keys import remove_conference_key

_AT_ONCE = 50  # conferences in one call


def destroy_later(*, conference: Conference, now: datetime) -> None:
    """Mark the conference's key to be destroyed: at once, or after the days that recordings may be decrypted for."""
    kept = (
        timedelta(days=conference.keys_kept_days) if conference.past_access == Conference.PastAccess.RECORDING else timedelta(0)
    )
    ConferenceKey.objects.filter(conference=conference, destroy_at=None).update(destroy_at=now + kept)
    if kept:
        record(
            event="conference_key.kept",
            at=now,
            actor="system",
            conference=conference,
            details={"until": (now + kept).isoformat(), "days": conference.keys_kept_days},
        )
    transaction.on_commit(lambda: destroy_due(now=now), robust=True)  # else the sweep does it within a second


def destroy_due(*, now: datetime) -> None:
    """Destroy every conference key whose time has come."""
    rows = ConferenceKey.objects.filter(destroy_at__lte=now, destroyed_at=None).order_by("destroy_at")
    for conference_id in rows.values_list("conference_id", flat=True)[:_AT_ONCE]:
        _destroy_conference_key(conference_id, now=now)


def destroy_epochs(conference: Conference, *, now: datetime, before: datetime | None = None) -> None:
    """Destroy the keys of epochs that ended before ``before``; without it, of all that ended. Within a transaction."""
    ended = [Epoch.State.SUPERSEDED, Epoch.State.REVOKED]
    when = Q() if before is None else ended_before(before, now=now)
    rows = Epoch.objects.filter(when, conference=conference, state__in=ended)
    numbers = sorted(rows.values_list("number", flat=True))
    if not numbers:
        return
    rows.update(state=Epoch.State.DESTROYED, sealed_key=None, destroyed_at=now)
    record(event="epoch.destroyed", at=now, actor="system", conference=conference, details={"epochs": numbers})


def ended_before(before: datetime, *, now: datetime) -> Q:
    """Condition of epochs that ended before ``before``, or in the future: a clock was put back, and they ended long ago."""
    return Q(closed_at__lte=before) | Q(closed_at__gt=now + CLOCKS_DIFFER)


@transaction.atomic
def _destroy_conference_key(conference_id: str, *, now: datetime) -> None:
    rows = ConferenceKey.objects.filter(conference_id=conference_id, destroyed_at=None).select_for_update(skip_locked=True)
    row = rows.select_related("conference__organisation").first()
    if row is None:  # another process is at it
        return
    destroy_epochs(row.conference, now=now)
    remove_conference_key(conference_id)
    row.destroyed_at = now
    row.save(update_fields=["destroyed_at"])
    record(event="conference_key.destroyed", at=now, actor="system", conference=row.conference)
