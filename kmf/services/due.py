"""Whether a conference has anything to settle: one query, so that a quiet one costs next to nothing every second.

For the sweep it is one query for all of them: however many are open, each is looked at every second or so.

It only spares work: expiry and rights are checked at use all the same. What `settle` does, and not by request, is named here.
"""

from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery

from conferences.models import Conference
from kmf.authorization.models import Grant
from kmf.models import Endpoint, Epoch, KeyState
from kmf.services.destroy import ended_before
from kmf.services.listening import SILENCE, note_listening, note_listening_to
from kmf.services.settle import SUPERSEDED_FOR, is_leave_rekey_due, is_period_over, settle


def settle_if_due(*, conference_id: str, now: datetime) -> None:
    """Settle the conference if something is due; else a read and no lock."""
    found = _open(now).filter(conference_id=conference_id).first()
    if found is None:
        return
    if _is_due(found, now):
        settle(conference_id=conference_id, now=now)
    else:
        note_listening(found, now)


def look_at_all(*, now: datetime) -> list[str]:
    """Look at every open conference: ids of those that have something due; that somebody looked is noted of the others."""
    due: list[str] = []
    quiet: list[str] = []
    for state in _open(now):
        (due if _may_be_due(state, now) else quiet).append(state.conference_id)
    if quiet:
        note_listening_to(quiet, now)
    return due


def _open(now: datetime) -> QuerySet[Any]:
    """Key states that are not closed, each with what may be due."""
    found = KeyState.objects.filter(closed_at=None).annotate(waits=Exists(_ending(now)), unkept=Exists(_destroyable(now)))
    return found.annotate(opened_at=_current_opened_at()).select_related("conference")


def _may_be_due(state: Any, now: datetime) -> bool:
    try:
        return _is_due(state, now)
    except OverflowError:  # its end is beyond what a date can say: whoever settles it learns that, and stops no other
        return True


def _is_due(state: Any, now: datetime) -> bool:
    conference = state.conference
    return bool(
        state.waits
        or state.unkept
        or conference.ended_at is not None
        or conference.closes_at <= now
        or is_leave_rekey_due(state, now)
        or (state.opened_at is not None and is_period_over(conference, state.opened_at, now))
    )


def _ending(now: datetime) -> QuerySet[Endpoint]:
    """Endpoints whose right or life is over."""
    revoked = Grant.objects.filter(dpop_jkt=OuterRef("jkt"), user_id=OuterRef("account_id"), revoked_at__isnull=False)
    over = (
        Q(membership__participant__withdrawn_at__isnull=False)
        | Q(account__is_active=False)
        | Q(last_seen_at__lt=now - SILENCE)
        | Q(Exists(revoked))
    )
    return Endpoint.objects.filter(over, conference_id=OuterRef("conference_id"), membership__left_at=None)


def _destroyable(now: datetime) -> QuerySet[Epoch]:
    """Keys that nobody may need any more."""
    return Epoch.objects.filter(
        ended_before(now - SUPERSEDED_FOR, now=now),
        conference_id=OuterRef("conference_id"),
        conference__past_access=Conference.PastAccess.NONE,
        state__in=[Epoch.State.SUPERSEDED, Epoch.State.REVOKED],
    )


def _current_opened_at() -> Any:
    current = Epoch.objects.filter(conference_id=OuterRef("conference_id"), state=Epoch.State.CURRENT)
    return Subquery(current.order_by("-number").values("opened_at")[:1])
