"""Memberships begin and end here. The caller holds the conference's lock and opens the epoch that follows."""

import secrets
from datetime import datetime

from conferences.models import Conference, Participant
from roster.models import Membership


def admit(
    *, conference: Conference, participant: Participant, identity_key: bytes, name: str, verified_by: str, now: datetime
) -> Membership:
    """Begin a membership under a source id that this conference never had."""
    return Membership.objects.create(
        conference=conference,
        organisation=conference.organisation,
        participant=participant,
        source_id=_fresh_source_id(conference),
        identity_key=identity_key,
        name=name,
        verified_by=verified_by,
        since=now,
    )


def end(*, membership: Membership, reason: str, now: datetime) -> None:
    """End a membership; the next delta tells the others."""
    membership.left_at = now
    membership.leave_reason = reason
    membership.save(update_fields=["left_at", "leave_reason"])


def _fresh_source_id(conference: Conference) -> int:
    while True:
        source_id = secrets.randbelow(2**32 - 1) + 1
        if not Membership.objects.filter(conference=conference, source_id=source_id).exists():
            return source_id
