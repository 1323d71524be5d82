"""Memberships end here, and begin in ``roster.services.admission``.

The caller holds the conference's lock and opens the epoch that follows.
"""

from datetime import datetime

from roster.models import Membership


def end(*, membership: Membership, reason: str, now: datetime) -> None:
    """End a membership; the next delta tells the others."""
    membership.left_at = now
    membership.leave_reason = reason
    membership.save(update_fields=["left_at", "leave_reason"])
