"""Which addresses may sign in as guests: those that are invited to a conference that is not over."""

from datetime import datetime, timedelta

from conferences.models import Participant
from conferences.rules import is_over

_LONGEST = timedelta(hours=25)  # no conference lasts longer, with its grace


def guest_invitation(address: str, *, now: datetime) -> Participant | None:
    """The first invitation of ``address`` that stands; None if there is none."""
    rows = Participant.objects.filter(
        identity=address,
        kind=Participant.Kind.PERSON,
        withdrawn_at=None,
        banned_at=None,
        conference__ended_at=None,
        conference__starts_at__gte=now - _LONGEST,
    )
    rows = rows.select_related("conference__organisation").order_by("conference__starts_at", "pk")
    return next((row for row in rows if not is_over(row.conference, now)), None)
