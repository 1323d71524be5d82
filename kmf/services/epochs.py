"""Epochs: one membership of the conference = one EKT key (DESIGN section 6).

Every function here runs in a transaction that holds the conference's :class:`KeyState` row: numbers rise strictly,
without a gap, and one epoch is current, however many processes ask at once.
"""

import time
from datetime import datetime, timedelta

from conferences.models import Conference, new_identifier
from conferences.services.audit import record
from kmf.crypto.seal import new_key
from kmf.errors import KMFUnavailable
from kmf.hints import announce_on_commit
from kmf.models import Epoch, KeyState
from kmf.selectors import current_epoch, present_sources
from kmf.services.conference_keys import make_conference_key
from kmf.services.sealing import seal_ekt_key
from roster.models import Membership
from roster.selectors import first_delta_of, is_anybody_present, last_delta, unannounced_leaves
from roster.services.statements import append_delta

WORTH_COUNTING_S = 0.02  # a shorter wait for the lock is none
EKT_EPOCHS = 65536  # width of ekt_epoch
WRAP_CLEARANCE = 64  # changes after a wrap for which no epoch is shared
COALESCE = timedelta(milliseconds=100)  # leaves of this window share one epoch; a joiner may share one this young


def lock_state(*, conference: Conference, now: datetime) -> tuple[KeyState, datetime]:
    """The conference's key state, locked until the transaction ends, and the time at which the lock was had.

    The wait may be long: what was read before it may be over, so ``conference`` is read anew here, and ``now`` goes on by
    as much as was waited. Nobody shares an epoch that was young before the wait.
    """
    asked = time.monotonic()
    rows = KeyState.objects.select_for_update()
    state = rows.filter(conference=conference).first()
    if state is None:
        KeyState.objects.get_or_create(conference=conference, defaults={"organisation": conference.organisation})
        state = rows.get(conference=conference)
    now = _after_waiting(asked, now)
    organisation = conference.organisation
    conference.refresh_from_db()
    if conference.organisation_id == organisation.pk:
        conference.organisation = organisation  # the refresh forgot what was read with it
    if state.closed_at is None:
        make_conference_key(conference=conference, now=now)
    return state, now


def lock_state_behind(*, endpoint_id: int, now: datetime) -> tuple[KeyState, datetime]:
    """As ``lock_state``, for the conference of an endpoint, which has its key state and its key; it is read after this."""
    asked = time.monotonic()
    state = KeyState.objects.select_for_update(of=("self",)).get(conference__endpoints=endpoint_id)
    return state, _after_waiting(asked, now)


def _after_waiting(asked: float, now: datetime) -> datetime:
    waited = time.monotonic() - asked
    return now + timedelta(seconds=waited) if waited > WORTH_COUNTING_S else now


def epoch_for_join(*, state: KeyState, conference: Conference, joined: list[Membership], now: datetime) -> Epoch:
    """The epoch whose key joiners get: a new one, or the current one under ``share`` or within 100 ms of its opening."""
    current = current_epoch(conference.id)
    waiting = unannounced_leaves(conference.id)
    young = current is not None and timedelta(0) <= now - current.opened_at <= COALESCE
    shared = conference.on_join == Conference.OnJoin.SHARE or young
    shared = shared and not numbers_wrap(conference_id=conference.id, epoch=current)
    if current is None or waiting or not shared or current.expires_at <= now:
        return open_epoch(state=state, conference=conference, cause="join", joined=joined, now=now)
    append_delta(conference=conference, epoch=int(current.number), cause="join", joined=joined, left=[], now=now)
    record(
        event="epoch.shared",
        at=now,
        actor="system",
        conference=conference,
        details={"epoch": current.number, "holders": sorted(membership.source_id for membership in joined)},
    )
    _changed(state)
    return current


def numbers_wrap(*, conference_id: str, epoch: Epoch | None) -> bool:
    """Whether the low 16 bits of changes' numbers begin anew in this epoch, or did shortly before it.

    Sender keys are numbered by them, so that a joiner can tell old ones (docs/protocol.md section 6): then no epoch is shared.
    Shortly before counts because a sender may hear of the epoch ahead of the last changes, and number by those it knows.
    """
    last = last_delta(conference_id)
    begin = 0 if last is None else (int(last.number) + 1) // EKT_EPOCHS * EKT_EPOCHS
    if begin == 0 or epoch is None:
        return False
    first = first_delta_of(conference_id, int(epoch.number))
    return first is not None and first.number < begin + WRAP_CLEARANCE


def rekey_for_leave(*, state: KeyState, conference: Conference, now: datetime) -> None:
    """A new epoch at once; a further leave within 100 ms waits for the window's end, together with all others."""
    last = state.last_leave_rekey_at
    if last is not None and timedelta(0) <= now - last < COALESCE:
        state.rekey_due_at = state.rekey_due_at or last + COALESCE
        _changed(state)
        return
    try:
        open_due_to_leave(state=state, conference=conference, now=now)
    except KMFUnavailable:  # sealed: the leave holds all the same, and its epoch opens with the first look afterwards
        state.rekey_due_at = now
        _changed(state)


def open_due_to_leave(*, state: KeyState, conference: Conference, now: datetime) -> None:
    """Open the epoch that locks leavers out; with nobody left there is no epoch to open, and the current one is over."""
    if is_anybody_present(conference.id):
        open_epoch(state=state, conference=conference, cause="leave", joined=[], now=now)
        state.last_leave_rekey_at = now
        state.save(update_fields=["last_leave_rekey_at"])
        return
    state.last_leave_rekey_at = now
    revoke_current(conference=conference, reason="empty", now=now)
    append_delta(
        conference=conference,
        epoch=int(state.last_epoch),
        cause="leave",
        joined=[],
        left=unannounced_leaves(conference.id),
        now=now,
    )
    state.rekey_due_at = None
    _changed(state)


def open_epoch(*, state: KeyState, conference: Conference, cause: str, joined: list[Membership], now: datetime) -> Epoch:
    """Make a fresh EKT key for those present and supersede the epoch before it.

    Raises:
        KMFUnavailable: sealed. Nothing has changed then.

    """
    number, key_id = int(state.last_epoch) + 1, new_identifier()
    sealed_key = seal_ekt_key(conference_id=conference.id, epoch=number, key_id=key_id, ekt_key=new_key())
    Epoch.objects.filter(conference=conference, state=Epoch.State.CURRENT).update(state=Epoch.State.SUPERSEDED, closed_at=now)
    state.last_epoch = number
    state.rekey_due_at = None
    epoch = Epoch.objects.create(
        conference=conference,
        organisation=conference.organisation,
        number=number,
        key_id=key_id,
        state=Epoch.State.CURRENT,
        reason=cause,
        sealed_key=sealed_key,
        opened_at=now,
        expires_at=min(now + timedelta(seconds=conference.ttl_s), conference.closes_at),
    )
    left = unannounced_leaves(conference.id)
    append_delta(conference=conference, epoch=number, cause=cause, joined=joined, left=left, now=now)
    record(
        event="epoch.opened",
        at=now,
        actor="system",
        conference=conference,
        details={
            "epoch": number,
            "spi": epoch.spi,
            "key_id": key_id,
            "reason": cause,
            "holders": sorted(present_sources(conference.id)),
        },
    )
    _changed(state)
    return epoch


def announce_change(*, state: KeyState, conference: Conference, cause: str, now: datetime) -> None:
    """Tell everybody what the initiator changed, by a delta of the current epoch that names nobody."""
    append_delta(conference=conference, epoch=int(state.last_epoch), cause=cause, joined=[], left=[], now=now)
    _changed(state)


def revoke_current(*, conference: Conference, reason: str, now: datetime) -> None:
    """End the current epoch without a successor."""
    current = current_epoch(conference.id)
    if current is None:
        return
    current.state = Epoch.State.REVOKED
    current.closed_at = now
    current.save(update_fields=["state", "closed_at"])
    record(
        event="epoch.revoked",
        at=now,
        actor="system",
        conference=conference,
        details={"epoch": current.number, "reason": reason},
    )


def _changed(state: KeyState) -> None:
    state.version += 1
    state.save()
    announce_on_commit(state.conference_id)
