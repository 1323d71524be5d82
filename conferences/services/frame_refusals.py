"""Refused core frames in the audit: the first of a minute at once, how many came after it when the minute is over.

Alike are those of one account and one reason, as with refused key requests (``kmf.services.denials``).
"""

from datetime import datetime, timedelta

from django.db import transaction

from conferences.errors import FrameRefused
from conferences.models import FrameRefusalCount
from conferences.rules import CLOCKS_DIFFER
from conferences.services import audit
from protocol.access_token import AccessToken
from protocol.errors import InvalidProof

WINDOW = timedelta(minutes=1)
_AT_ONCE = 200  # rows in one clean-up


@transaction.atomic
def record_frame_refusal(refusal: FrameRefused | InvalidProof, *, token: AccessToken, conference_id: str, now: datetime) -> None:
    """Write ``frame.refused``, or count it where one like it was written within the minute."""
    actor = str(token.claims.get("identity", "unknown"))
    fresh = {"actor": actor[:254], "code": refusal.code, "since": now, "last_at": now}
    rows = FrameRefusalCount.objects.select_for_update()
    row, is_first = rows.get_or_create(subject=token.subject[:64], reason=refusal.reason[:80], defaults=fresh)
    if not is_first and -CLOCKS_DIFFER <= now - row.since < WINDOW:
        row.more, row.last_at = row.more + 1, now
        row.save(update_fields=["more", "last_at"])
        return
    if not is_first:
        _tell(row, now)
        row.since, row.last_at, row.more = now, now, 0
        row.save(update_fields=["since", "last_at", "more"])
    details = {"code": refusal.code, "reason": refusal.reason, "conference": conference_id}
    audit.record(event="frame.refused", at=now, actor=actor, details=details)


@transaction.atomic
def record_counted_frame_refusals(*, now: datetime) -> None:
    """Write how many came after the first of a minute that is over, and forget the minute."""
    over = FrameRefusalCount.objects.exclude(since__gt=now - WINDOW, since__lte=now + CLOCKS_DIFFER)
    for row in over.select_for_update(skip_locked=True).order_by("pk")[:_AT_ONCE]:
        _tell(row, now)
        row.delete()


def _tell(row: FrameRefusalCount, now: datetime) -> None:
    if not row.more:
        return
    times = {"from": row.since.isoformat(), "until": row.last_at.isoformat()}
    details = {"code": row.code, "reason": row.reason, "more": row.more, **times}
    audit.record(event="frame.refused", at=now, actor=row.actor, details=details)
