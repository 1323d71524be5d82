"""The outbox: effects outside the database, written with their fact and delivered afterwards (DESIGN section 12, rule 2).

Delivery is at least once: a handler that has run and whose transaction is lost runs again.
"""

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Q

from conferences.models import Organisation, OutboxItem
from conferences.rules import CLOCKS_DIFFER

Handler = Callable[[OutboxItem, datetime], None]

FIRST_RETRY_S = 2
LONGEST_RETRY_S = 900
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Delivery:
    """Counts of one run."""

    delivered: int
    failed: int


def enqueue(
    *, kind: str, payload: dict[str, Any], organisation: Organisation, now: datetime, due_at: datetime | None = None
) -> OutboxItem:
    """Write one effect to deliver, in the caller's transaction.

    Args:
        kind: name of its handler, for instance ``invitation.request``.
        payload: JSON; ids and numbers only.
        organisation: whose it is.
        now: UTC.
        due_at: not before; ``now`` where None.

    """
    return OutboxItem.objects.create(kind=kind, payload=payload, organisation=organisation, created_at=now, due_at=due_at or now)


def enqueue_all(
    *,
    kind: str,
    payloads: Iterable[dict[str, Any]],
    organisation: Organisation,
    now: datetime,
    due_at: datetime | None = None,
) -> None:
    """Write many effects of one kind at once, due at the same moment; else as ``enqueue``."""
    common = {"kind": kind, "organisation": organisation, "created_at": now, "due_at": due_at or now}
    OutboxItem.objects.bulk_create([OutboxItem(payload=one, **common) for one in payloads], batch_size=500)


def forget_delivered(*, before: datetime) -> int:
    """Delete what was delivered before a moment; returns how many rows."""
    deleted, _by_model = OutboxItem.objects.filter(done_at__lt=before).delete()
    return deleted


def deliver_due(*, now: datetime, handlers: Mapping[str, Handler], limit: int) -> Delivery:
    """Deliver up to ``limit`` due items of the kinds in ``handlers``, oldest first, each in its own transaction.

    Items that another worker holds are skipped. A failed one waits 2, 4, 8 … 900 s; items of other kinds are left alone.
    """
    delivered = failed = 0
    for _ in range(limit):
        outcome = _deliver_next(now, handlers)
        if outcome is None:
            break
        delivered += outcome
        failed += not outcome
    return Delivery(delivered, failed)


@transaction.atomic
def _deliver_next(now: datetime, handlers: Mapping[str, Handler]) -> bool | None:
    item = _lock_next(now, handlers.keys())
    if item is None:
        return None
    item.attempts += 1
    try:
        with transaction.atomic():  # what a failed handler wrote is taken back, the attempt is not
            handlers[item.kind](item, now)
    except Exception as error:  # noqa: BLE001  whatever a handler meets, the item waits and the others go on
        item.last_error = type(error).__name__[:80]
        item.due_at = now + timedelta(seconds=min(FIRST_RETRY_S**item.attempts, LONGEST_RETRY_S))
        item.save(update_fields=["attempts", "last_error", "due_at"])
        logger.warning("outbox item %s of kind %s failed (%s)", item.pk, item.kind, item.last_error)
        return False
    item.done_at = now
    item.save(update_fields=["attempts", "done_at"])
    return True


def _lock_next(now: datetime, kinds: Iterable[str]) -> OutboxItem | None:
    # Written, or failed, before a clock was put back: what was due at once or again soon is due now.
    at_once = Q(due_at=F("created_at"), created_at__gt=now + CLOCKS_DIFFER)
    again = Q(attempts__gt=0, due_at__gt=now + timedelta(seconds=LONGEST_RETRY_S) + CLOCKS_DIFFER)
    due = OutboxItem.objects.filter(Q(due_at__lte=now) | at_once | again, done_at=None, kind__in=list(kinds))
    return due.select_for_update(skip_locked=True).order_by("due_at", "id").first()
