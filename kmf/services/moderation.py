"""The initiator runs his conference: let in, decline, remove, ban, lock ([PERC] 4.8). The numbered checks stand here."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from conferences.models import Conference, Participant
from conferences.rules import CLOCKS_DIFFER
from conferences.services.audit import one_write, record
from kmf.authorization.limits import refused_too_often
from kmf.authorization.services import VerifiedRequest
from kmf.errors import Denied, Ended, Refused, StepUp, Stranger, TooManyMessages, UnknownParticipant
from kmf.models import Endpoint, KeyState, Waiting
from kmf.selectors import KeptOut, active_endpoint, list_kept_out, list_waiting
from kmf.services.epochs import announce_change, lock_state, rekey_for_leave
from kmf.services.presence import end_membership, order_eviction
from kmf.services.settle import settle
from protocol.moderation import Order

FRESH_FOR = timedelta(minutes=10)
LOOSENING = {"admit", "unlock", "unban"}


@dataclass(frozen=True)
class Door:
    """What the initiator sees of who may come in."""

    conference: Conference
    waiting: list[Waiting]
    kept_out: list[KeptOut]


@dataclass(frozen=True)
class _Moderation:
    """An order under way, under the conference's lock; ``by`` is the initiator's endpoint."""

    state: KeyState
    conference: Conference
    by: Endpoint
    now: datetime

    def record(self, event: str, **details: object) -> None:
        actor = self.by.membership.participant.identity
        record(event=event, at=self.now, actor=actor, conference=self.conference, details=details)


def moderate(*, verified: VerifiedRequest, conference_id: str, order: Order, now: datetime) -> Door:
    """Carry out one order of the initiator, and show the door as it is then.

    Raises:
        Denied: not this conference's initiator, or not present in it with this endpoint.
        Ended: the conference is over.
        StepUp: the order loosens something, and the sign-in is ten minutes old.
        UnknownParticipant: the order names somebody to whom it cannot apply.
        TooManyMessages: this account was refused too often within the minute.
        KMFUnavailable: sealed; nothing has changed.

    """
    try:
        _present(verified, conference_id)
        settle(conference_id=conference_id, now=now)
        with one_write():
            return _moderate(verified=verified, conference_id=conference_id, order=order, now=now)
    except Refused as refusal:
        _record_refusal(verified=verified, conference_id=conference_id, order=order, refusal=refusal, now=now)
        raise


def _moderate(*, verified: VerifiedRequest, conference_id: str, order: Order, now: datetime) -> Door:
    # To carry out an order we must, in this order:
    #   1. match the token to the conference, and the endpoint to one that is present   (MOD-1)
    #   2. find it the initiator's, his right not over, the conference not over         (MOD-1)
    #   3. find the sign-in fresh where the order loosens something                     (MOD-2)
    #   4. carry it out and write the audit row in one transaction                      (MOD-3)

    # (1), and once more for a leave that came while we waited for the lock
    conference = _present(verified, conference_id).conference
    state, now = lock_state(conference=conference, now=now)
    by = _present(verified, conference_id)
    # (2)
    participant = by.membership.participant
    if participant.role != Participant.Role.INITIATOR or participant.withdrawn_at is not None:
        raise Denied("not the initiator")
    if conference.ended_at is not None or conference.closes_at <= now:
        raise Ended("after the end")
    # (3)
    signed_in_at = verified.token.auth_time
    if order.action in LOOSENING and (signed_in_at is None or not -CLOCKS_DIFFER < now - signed_in_at < FRESH_FOR):
        raise StepUp("sign-in is ten minutes old")
    # (4)
    _ORDERS[order.action](_Moderation(state, conference, by, now), order.participant)
    return Door(conference, list_waiting(conference_id, now), list_kept_out(conference_id))


def _present(verified: VerifiedRequest, conference_id: str) -> Endpoint:
    if verified.token.claims.get("conference") != conference_id:
        raise Stranger("token is for another conference")
    by = active_endpoint(conference_id, verified.token.jkt)
    if by is None or by.account_id != verified.account.pk:
        raise Stranger("no present endpoint")
    return by


def _look(_at: _Moderation, _identity: str) -> None:
    pass


def _lock(at: _Moderation, _identity: str) -> None:
    if at.conference.locked_at is None:
        _set_lock(at, locked_at=at.now)


def _unlock(at: _Moderation, _identity: str) -> None:
    if at.conference.locked_at is not None:
        _set_lock(at, locked_at=None)


def _set_lock(at: _Moderation, *, locked_at: datetime | None) -> None:
    at.conference.locked_at = locked_at
    at.conference.save(update_fields=["locked_at"])
    cause = "unlocked" if locked_at is None else "locked"
    at.record(f"conference.{cause}")
    announce_change(state=at.state, conference=at.conference, cause=cause, now=at.now)


def _admit(at: _Moderation, identity: str) -> None:
    participant = _participant(at, identity)
    waiting = next((row for row in list_waiting(at.conference.id, at.now) if row.participant_id == participant.pk), None)
    if waiting is None or participant.banned_at is not None:
        raise UnknownParticipant("nobody of this identity waits")
    participant.admitted_at, participant.removed_at = at.now, None
    participant.admitted_by = at.by.membership.name
    participant.save(update_fields=["admitted_at", "admitted_by", "removed_at"])
    waiting.delete()
    at.record(
        "participant.admitted",
        identity=identity,
        name=waiting.name,
        verified_by=waiting.verified_by,
        waiting_since=waiting.since.isoformat(),
    )


def _decline(at: _Moderation, identity: str) -> None:
    waiting = Waiting.objects.filter(participant=_participant(at, identity), declined_at=None).first()
    if waiting is None:
        raise UnknownParticipant("nobody of this identity waits")
    waiting.declined_at = at.now
    waiting.save(update_fields=["declined_at"])
    at.record("participant.declined", identity=identity, name=waiting.name)


def _remove(at: _Moderation, identity: str) -> None:
    participant = _participant(at, identity)
    if not _end_stays(at, participant):
        raise UnknownParticipant("nobody of this identity is present")
    _keep_out(at, participant, "removed_at")


def _ban(at: _Moderation, identity: str) -> None:
    participant = _participant(at, identity)
    if participant.banned_at is not None:
        return
    if not _end_stays(at, participant):
        # A seat at the provider needs no key: whoever was invited may have taken one.
        order_eviction(conference=at.conference, participant=participant, now=at.now)
    Waiting.objects.filter(participant=participant).delete()
    _keep_out(at, participant, "removed_at", "banned_at")


def _unban(at: _Moderation, identity: str) -> None:
    participant = _participant(at, identity)
    if participant.banned_at is None:
        raise UnknownParticipant("nobody of this identity is banned")
    participant.banned_at = None
    participant.save(update_fields=["banned_at"])
    at.record("participant.unbanned", identity=identity, name=participant.name)


def _keep_out(at: _Moderation, participant: Participant, *fields: str) -> None:
    for field in fields:
        setattr(participant, field, at.now)
    participant.save(update_fields=fields)
    event = "participant.banned" if "banned_at" in fields else "participant.removed"
    at.record(event, identity=participant.identity, name=participant.name)


def _end_stays(at: _Moderation, participant: Participant) -> bool:
    """End what stay he has, and lock him out of the next epoch; whether there was one."""
    rows = Endpoint.objects.filter(conference=at.conference, membership__participant=participant, membership__left_at=None)
    endpoints = list(rows.select_related("membership__participant", "conference__organisation").order_by("pk"))
    for endpoint in endpoints:
        end_membership(endpoint=endpoint, reason="removed", now=at.now)
    if endpoints:
        rekey_for_leave(state=at.state, conference=at.conference, now=at.now)
    return bool(endpoints)


def _participant(at: _Moderation, identity: str) -> Participant:
    """Somebody invited to this conference other than its initiator, his row locked."""
    rows = Participant.objects.select_for_update(no_key=True).filter(conference=at.conference, withdrawn_at=None)
    participant = rows.filter(identity=identity, role=Participant.Role.PARTICIPANT).first()
    if participant is None:
        raise UnknownParticipant("not a participant of this conference")
    return participant


_ORDERS: dict[str, Callable[[_Moderation, str], None]] = {
    "look": _look,
    "admit": _admit,
    "decline": _decline,
    "remove": _remove,
    "ban": _ban,
    "unban": _unban,
    "lock": _lock,
    "unlock": _unlock,
}


def _record_refusal(*, verified: VerifiedRequest, conference_id: str, order: Order, refusal: Refused, now: datetime) -> None:
    """A stranger's attempt stands in his organisation's chain, a participant's in the conference's.

    Raises:
        TooManyMessages: this account was refused too often within the minute; nothing is written.

    """
    if refused_too_often(verified.account.pk, now=now):
        raise TooManyMessages("refused too often")
    is_strange = isinstance(refusal, Stranger)
    conference = None if is_strange else Conference.objects.select_related("organisation").get(pk=conference_id)
    with transaction.atomic():
        record(
            event="moderation.refused",
            at=now,
            actor=verified.account.email,
            conference=conference,
            organisation=verified.account.organisation,
            details={
                "action": order.action,
                "participant": order.participant,
                "code": refusal.code,
                "reason": refusal.reason,
                "jkt": verified.token.jkt,
                "conference": conference_id,
            },
        )
