"""Signed statements about a conference: deltas are stored and chained, snapshots and ``current`` are made when asked."""

from datetime import datetime
from typing import Any

from conferences.models import Conference
from roster.models import Membership, RosterDelta
from roster.selectors import last_delta, present_entries, roster_entry
from roster.services.signing_key import statement_key
from roster.signing import statement
from roster.signing.chain import EMPTY_HEAD, Position, current_members, delta_members, head_after, snapshot_members
from roster.signing.statement import Statement, sign


def append_delta(
    *,
    conference: Conference,
    epoch: int,
    cause: str,
    joined: list[Membership],
    left: list[Membership],
    now: datetime,
) -> RosterDelta:
    """Sign and store the next delta. The caller holds the conference's lock.

    Args:
        conference: whose roster.
        epoch: number of the epoch that holds from this delta on.
        cause: why, one word (``join``, ``leave``, ``periodic`` …).
        joined: memberships that this delta announces.
        left: ended memberships that this delta announces.
        now: issue time.

    """
    before = position(conference=conference, now=now)
    at = Position(conference.id, before.number + 1, before.head, epoch, epoch % 65536, before.now)
    members = delta_members(
        at=at,
        cause=cause,
        joined=[roster_entry(membership) for membership in joined],
        left=[(membership.source_id, membership.leave_reason) for membership in left],
    )
    signed = sign(members, label=statement.ROSTER, key=statement_key())
    Membership.objects.filter(pk__in=[membership.pk for membership in left]).update(announced_left=True)
    return RosterDelta.objects.create(
        conference=conference,
        organisation=conference.organisation,
        number=at.number,
        epoch=epoch,
        body=signed.body,
        signature=signed.signature,
        head=head_after(signed.body),
    )


def position(*, conference: Conference, now: datetime) -> Position:
    """Where the roster stands now."""
    last = last_delta(conference.id)
    if last is None:
        return Position(conference.id, 0, EMPTY_HEAD, 0, 0, int(now.timestamp()))
    return Position(conference.id, last.number, bytes(last.head), last.epoch, last.epoch % 65536, int(now.timestamp()))


def sign_snapshot(*, conference: Conference, now: datetime) -> Statement:
    """Everybody whom the chain's head names as present."""
    members = snapshot_members(at=position(conference=conference, now=now), endpoints=present_entries(conference.id))
    return sign(members, label=statement.ROSTER, key=statement_key())


def sign_current(*, at: Position) -> Statement:
    """Proof that ``at`` is the present, for 15 s."""
    return sign(current_members(at=at), label=statement.CURRENT, key=statement_key())


def sign_policy(*, conference: Conference) -> Statement:
    """The conference's policy, which an endpoint obeys and no provider can change ([PERC] 4.3)."""
    members: dict[str, Any] = {
        "kind": "policy",
        "conference": conference.id,
        "title": conference.title,
        "on_join": conference.on_join,
        "past_access": conference.past_access,
        "suites": [5, 4],
        "ttl_s": conference.ttl_s,
        "rekey_s": conference.rekey_s,
        "ends_at": int(conference.closes_at.timestamp()),
        "admission": conference.admission,
        "locked": conference.locked_at is not None,
    }
    return sign(members, label=statement.POLICY, key=statement_key())
