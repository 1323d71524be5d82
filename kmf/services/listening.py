"""Whether anybody was listening: silence counts only then (docs/adr/0019-coming-back-after-an-absence.md)."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Case, F, Q, Value, When

from kmf.models import Endpoint, KeyState
from kmf.services.endpoint_rows import lock_endpoints

SILENCE = timedelta(seconds=15)  # three missed heartbeats
DEAF = timedelta(seconds=6)  # not looked at for longer: the database was away, or every process of ours
NOTED_EVERY = timedelta(seconds=2)


def note_listening(state: KeyState, now: datetime) -> None:
    """Put down that the conference is looked at, every two seconds or so; after a break listening begins anew.

    Whoever else noted it meanwhile is right: the row is changed only if it is as it was read. Where it is of the future, a clock
    was put back: then whoever was heard in the future was heard now.
    """
    before = state.settled_at
    if before is not None and abs(now - before) <= NOTED_EVERY:
        return
    if before is None or abs(now - before) > DEAF:
        state.listening_since = now
    state.settled_at = now
    noted = KeyState.objects.filter(pk=state.pk, settled_at=before)
    if noted.update(settled_at=now, listening_since=state.listening_since) and before is not None and before > now:
        _hear_now([state.pk], now)


@transaction.atomic
def note_listening_to(conference_ids: Iterable[str], now: datetime) -> None:
    """The same for many conferences at once. Whoever holds the lock of one notes it by itself: nobody is waited for."""
    unnoted = _away_from(now, NOTED_EVERY)
    rows = KeyState.objects.select_for_update(skip_locked=True).filter(unnoted, pk__in=list(conference_ids))
    free = dict(rows.values_list("pk", "settled_at"))
    since = Case(When(_away_from(now, DEAF), then=Value(now)), default=F("listening_since"))
    KeyState.objects.filter(pk__in=list(free)).update(listening_since=since, settled_at=now)
    _hear_now([pk for pk, before in free.items() if before is not None and before > now], now)


def _away_from(now: datetime, span: timedelta) -> Q:
    """Not noted within ``span`` of ``now``, before it or, by a clock that was put back, after it."""
    return Q(settled_at=None) | Q(settled_at__lt=now - span) | Q(settled_at__gt=now + span)


@transaction.atomic
def _hear_now(conference_ids: list[str], now: datetime) -> None:
    """Whoever was heard in the future, as a clock that was put back has it, was heard now."""
    ahead = Endpoint.objects.filter(conference_id__in=conference_ids, membership__left_at=None, last_seen_at__gt=now)
    Endpoint.objects.filter(pk__in=lock_endpoints(ahead.values_list("pk", flat=True))).update(last_seen_at=now)


def silent_before(state: KeyState, now: datetime) -> datetime | None:
    """Who was last heard before this is silent; None while nobody can be called silent, as nobody was listening."""
    is_long_enough = state.listening_since is not None and now - state.listening_since >= SILENCE
    return now - SILENCE if is_long_enough else None
