"""Destroying: the bytes of keys are gone, in every copy of the database too. Marked in one transaction, done in the next.

The file goes after the mark is committed and before the audit says so: a process that is killed between them leaves a mark that
the next one carries out, and an entry ``conference_key.destroyed`` is never ahead of the fact.
"""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q

from conferences.models import Conference
from conferences.rules import CLOCKS_DIFFER
from conferences.services.audit import record
from kmf.models import ConferenceKey, Epoch
from kmf.services.conference_keys import remove_conference_key

_AT_ONCE = 50  # conferences in one call
SURE_FOR = timedelta(hours=1)  # so long a kept key is due before it goes: a clock that runs ahead for less destroys nothing early


def destroy_later(*, conference: Conference, now: datetime) -> None:
    """Mark the conference's key to be destroyed: at once, or after the days that recordings may be decrypted for."""
    is_kept = conference.past_access == Conference.PastAccess.RECORDING
    kept = timedelta(days=conference.keys_kept_days) if is_kept else timedelta(0)
    rows = ConferenceKey.objects.filter(conference=conference, destroy_at=None)
    rows.update(marked_at=now, destroy_at=now + kept)
    if kept:
        _record_kept(conference, kept, now)
    transaction.on_commit(lambda: destroy_due(now=now), robust=True)  # else the sweep does it within a second


def destroy_due(*, now: datetime) -> None:
    """Destroy every conference key whose time has come.

    Nothing brings a key back, and none may stay for longer than was said, though a clock is wrong for a while. In this order:
      1. what was marked in the future is marked anew: a clock was put back, and the days are counted from now
      2. of kept keys, put down which have been due from now on, and forget it of those that are not due after all
      3. destroy what was not kept, and what was kept and has been due for an hour
    """
    there = ConferenceKey.objects.filter(destroyed_at=None)
    ahead = now + CLOCKS_DIFFER
    # (1)
    for conference_id in list(there.filter(marked_at__gt=ahead).values_list("conference_id", flat=True)[:_AT_ONCE]):
        _mark_anew(conference_id, now=now)
    # (2)
    was_kept = Q(destroy_at__gt=F("marked_at"))
    there.filter(was_kept, Q(due_since=None) | Q(due_since__gt=ahead), destroy_at__lte=now).update(due_since=now)
    there.filter(due_since__isnull=False, destroy_at__gt=now).update(due_since=None)
    # (3)
    over = there.filter(Q(destroy_at=F("marked_at")) | Q(due_since__lte=now - SURE_FOR), destroy_at__lte=now)
    for conference_id in over.order_by("destroy_at").values_list("conference_id", flat=True)[:_AT_ONCE]:
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
def _mark_anew(conference_id: str, *, now: datetime) -> None:
    row = _locked(conference_id)
    if row is None or row.marked_at is None or row.destroy_at is None or row.marked_at <= now:
        return
    kept = row.destroy_at - row.marked_at
    row.marked_at, row.destroy_at, row.due_since = now, now + kept, None
    row.save(update_fields=["marked_at", "destroy_at", "due_since"])
    if kept:
        _record_kept(row.conference, kept, now)


def _record_kept(conference: Conference, kept: timedelta, now: datetime) -> None:
    details = {"until": (now + kept).isoformat(), "days": kept.days}
    record(event="conference_key.kept", at=now, actor="system", conference=conference, details=details)


@transaction.atomic
def _destroy_conference_key(conference_id: str, *, now: datetime) -> None:
    row = _locked(conference_id)
    if row is None:
        return
    destroy_epochs(row.conference, now=now)
    remove_conference_key(conference_id)
    row.destroyed_at = now
    row.save(update_fields=["destroyed_at"])
    record(event="conference_key.destroyed", at=now, actor="system", conference=row.conference)


def _locked(conference_id: str) -> ConferenceKey | None:
    """The key's row; None where it is gone, or another process is at it."""
    rows = ConferenceKey.objects.filter(conference_id=conference_id, destroyed_at=None)
    rows = rows.select_for_update(of=("self",), skip_locked=True)
    return rows.select_related("conference__organisation").first()
