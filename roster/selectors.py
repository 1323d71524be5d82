"""Reads of the roster."""

from roster.models import Membership, RosterDelta
from roster.signing.chain import Entry


def present_entries(conference_id: str) -> list[Entry]:
    """Entries of everybody whom the chain's head names: present, or gone without a delta that says so yet."""
    memberships = (
        Membership.objects.filter(conference_id=conference_id, announced_left=False)
        .select_related("participant")
        .order_by("since", "source_id")
    )
    return [roster_entry(membership) for membership in memberships]


def is_anybody_present(conference_id: str) -> bool:
    """Whether a membership lasts."""
    return Membership.objects.filter(conference_id=conference_id, left_at=None).exists()


def unannounced_leaves(conference_id: str) -> list[Membership]:
    """Ended memberships that no delta has named yet."""
    rows = Membership.objects.filter(conference_id=conference_id, left_at__isnull=False, announced_left=False)
    return list(rows.order_by("left_at"))


def last_delta(conference_id: str) -> RosterDelta | None:
    """The newest delta."""
    return RosterDelta.objects.filter(conference_id=conference_id).order_by("-number").first()


def first_delta_of(conference_id: str, epoch: int) -> RosterDelta | None:
    """The delta that named an epoch first."""
    return RosterDelta.objects.filter(conference_id=conference_id, epoch=epoch).order_by("number").first()


def deltas_after(conference_id: str, number: int) -> list[RosterDelta]:
    """Deltas above ``number``, rising."""
    return list(RosterDelta.objects.filter(conference_id=conference_id, number__gt=number).order_by("number"))


def roster_entry(membership: Membership) -> Entry:
    """A membership as the roster names it."""
    return Entry(
        source_id=membership.source_id,
        identity_key=bytes(membership.identity_key),
        name=membership.name,
        identity=membership.participant.identity,
        verified_by=membership.verified_by,
        role=membership.role,
        kind=membership.kind,
        since=int(membership.since.timestamp()),
        invited_by=membership.invited_by,
        admitted_by=membership.admitted_by,
        admitted_at=int(membership.admitted_at.timestamp()) if membership.admitted_at else 0,
    )
