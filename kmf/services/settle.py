"""Bring a conference's keys in line with the time and the rows. The database decides; whoever comes by calls this.

Called by the hub's clock, by the sweep, at each key request and after a hint: idempotent, under the conference's lock.
"""

from contextlib import suppress
from datetime import datetime, timedelta

from conferences.errors import ConferenceOver
from conferences.models import Conference
from conferences.rules import CLOCKS_DIFFER
from conferences.services.audit import one_write, record
from conferences.services.outbox import enqueue
from conferences.services.scheduling import end_conference
from kmf.authorization.grants import revoked_thumbprints
from kmf.errors import KMFUnavailable
from kmf.hints import announce_on_commit
from kmf.models import Endpoint, Epoch, KeyState
from kmf.selectors import current_epoch, endpoints_to_end
from kmf.services.destroy import destroy_epochs, destroy_later
from kmf.services.epochs import COALESCE, lock_state, open_due_to_leave, open_epoch, rekey_for_leave, revoke_current
from kmf.services.listening import note_listening, silent_before
from kmf.services.presence import end_membership
from roster.selectors import is_anybody_present

SUPERSEDED_FOR = timedelta(seconds=30)  # then a superseded key's bytes go, unless a recording may need them
PUT_BACK_EVERY = timedelta(seconds=60)  # at most one epoch a minute because the one before is of the future


@one_write()
def settle(*, conference_id: str, now: datetime) -> None:
    """Do what is due now: the end, leaves that were not said, and epochs.

    To settle a conference, in this order:
      1. nothing, if its keys are over
      2. its end, if it was ended or its time is up          ([PERC] 4.9)
      3. leaves: withdrawn, disabled, revoked, silent         ([PERC] 4.8)
      4. a new epoch: leavers at their window's end, period   (DESIGN section 6)
      5. destroy what is superseded
    """
    if not KeyState.objects.filter(conference_id=conference_id, closed_at=None).exists():
        return
    conference = Conference.objects.select_related("organisation").get(pk=conference_id)
    state, now = lock_state(conference=conference, now=now)
    # (1)
    if state.closed_at is not None:
        return
    # (2)
    if conference.ended_at is not None or conference.closes_at <= now:
        _close(state=state, conference=conference, now=now)
        return
    # (3)
    note_listening(state, now)
    ending = endpoints_to_end(conference, silent_before(state, now)) + _revoked(conference)
    for _, (endpoint, reason) in sorted({endpoint.pk: (endpoint, reason) for endpoint, reason in reversed(ending)}.items()):
        end_membership(endpoint=endpoint, reason=reason, now=now)
    if ending:
        rekey_for_leave(state=state, conference=conference, now=now)
    # (4)
    with suppress(KMFUnavailable):  # sealed: what was found above is put down all the same, and the epoch follows later
        if is_leave_rekey_due(state, now):
            open_due_to_leave(state=state, conference=conference, now=now)
        _rekey_if_due(state=state, conference=conference, now=now)
    # (5)
    if conference.past_access == Conference.PastAccess.NONE:
        destroy_epochs(conference, before=now - SUPERSEDED_FOR, now=now)


def is_leave_rekey_due(state: KeyState, now: datetime) -> bool:
    """Whether leavers wait for their common epoch, or the time for it is too far off: a clock was put back."""
    return state.rekey_due_at is not None and not now < state.rekey_due_at <= now + COALESCE


def is_period_over(conference: Conference, opened_at: datetime, now: datetime) -> bool:
    """Whether an epoch had its time, or was opened in the future: nobody knows how long ago."""
    age = now - opened_at
    return age >= timedelta(seconds=conference.rekey_s) or age < -CLOCKS_DIFFER


def _revoked(conference: Conference) -> list[tuple[Endpoint, str]]:
    rows = conference.endpoints.filter(membership__left_at=None).select_related("membership__participant", "account")
    revoked = revoked_thumbprints(endpoint.jkt for endpoint in rows)
    return [(endpoint, "removed") for endpoint in rows if (endpoint.jkt, endpoint.account_id) in revoked]


def _rekey_if_due(*, state: KeyState, conference: Conference, now: datetime) -> None:
    current = current_epoch(conference.id)
    if current is None or not is_period_over(conference, current.opened_at, now):
        return
    lately = Epoch.objects.filter(conference=conference, opened_at__gt=now - PUT_BACK_EVERY, opened_at__lte=now)
    if current.opened_at > now and lately.exists():  # two processes whose clocks differ must not rekey against each other
        return
    if is_anybody_present(conference.id):
        open_epoch(state=state, conference=conference, cause="periodic", joined=[], now=now)
    if current.expires_at <= now:
        record(event="epoch.expired", at=now, actor="system", conference=conference, details={"epoch": current.number})


def _close(*, state: KeyState, conference: Conference, now: datetime) -> None:
    """Revoke, tell everybody, close at the provider, destroy."""
    if conference.ended_at is None:
        with suppress(ConferenceOver):  # the initiator was quicker
            end_conference(conference_id=conference.id, reason="schedule", actor="system", now=now)
    staying = conference.endpoints.filter(membership__left_at=None).select_related("membership__participant")
    for endpoint in staying.order_by("pk"):
        end_membership(endpoint=endpoint, reason="ended", now=now)
    revoke_current(conference=conference, reason="ended", now=now)
    state.closed_at = now
    state.version += 1
    state.save()
    enqueue(
        kind="provider.order",
        payload={"order": "close", "handle": conference.handle},
        organisation=conference.organisation,
        now=now,
    )
    if conference.past_access == Conference.PastAccess.NONE:
        destroy_epochs(conference, now=now)
    destroy_later(conference=conference, now=now)
    announce_on_commit(conference.id)
