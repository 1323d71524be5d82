"""Memberships begin here. The caller holds the conference's lock and announces them by the delta that follows."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from conferences.models import Conference, Participant
from roster.models import Membership


@dataclass(frozen=True)
class Joiner:
    """Who joins, and as what everybody will see it; ``identity_key`` is a raw Ed25519 public key, 32 bytes."""

    participant: Participant
    identity_key: bytes
    name: str
    verified_by: str
    kind: str


def admit_all(*, conference: Conference, joiners: Sequence[Joiner], now: datetime) -> list[Membership]:
    """Begin a membership for each, in this order, under source ids that this conference never had.

    Entries of the roster are what the participants are now, for the whole stay: who is invited anew meanwhile, or as another
    kind, changes nothing that was signed.
    """
    return Membership.objects.bulk_create(
        Membership(
            conference=conference,
            organisation=conference.organisation,
            participant=joiner.participant,
            source_id=source_id,
            identity_key=joiner.identity_key,
            name=joiner.name,
            verified_by=joiner.verified_by,
            role=joiner.participant.role,
            kind=joiner.kind,
            invited_by=joiner.participant.invited_by,
            admitted_by=joiner.participant.admitted_by,
            admitted_at=joiner.participant.admitted_at,
            since=now,
        )
        for joiner, source_id in zip(joiners, _fresh_source_ids(conference, len(joiners)), strict=True)
    )


def _fresh_source_ids(conference: Conference, count: int) -> list[int]:
    fresh: set[int] = set()
    while len(fresh) < count:
        fresh |= {secrets.randbelow(2**32 - 1) + 1 for _ in range(count - len(fresh))}
        taken = Membership.objects.filter(conference=conference, source_id__in=fresh)
        fresh -= set(taken.values_list("source_id", flat=True))
    return list(fresh)
