"""Forwarding the audit to a SIEM: in the order of the tree, at least once, from a cursor in the database.

It runs beside everything else: a receiver that is away delays no key, and loses nothing that the database holds.
"""

import json
import logging
from datetime import datetime

from django.db import transaction

from conferences.audit.receiver import Sendable, send
from conferences.errors import AuditReceiverAway
from conferences.models import AuditCursor, AuditEntry

CURSOR = "receiver"
ENTRIES_AT_ONCE = 500
BATCHES_A_RUN = 20
logger = logging.getLogger(__name__)


def forward_due(*, receiver: str, now: datetime) -> int:
    """Send what ``receiver`` (URL, empty: none) has not got yet, up to some thousands; returns how many."""
    sent = 0
    for _ in range(BATCHES_A_RUN if receiver else 0):
        count = _forward_batch(receiver, now)
        sent += count
        if count < ENTRIES_AT_ONCE:
            break
    return sent


@transaction.atomic
def _forward_batch(receiver: str, now: datetime) -> int:
    AuditCursor.objects.get_or_create(name=CURSOR)
    cursor = AuditCursor.objects.select_for_update(skip_locked=True).filter(name=CURSOR).first()
    if cursor is None:
        return 0
    rows = list(AuditEntry.objects.filter(leaf__gte=cursor.next_leaf).order_by("leaf")[:ENTRIES_AT_ONCE])
    if not rows:
        return 0
    try:
        send(receiver, [_sendable(row) for row in rows])
    except AuditReceiverAway as away:
        if not cursor.last_error:
            logger.warning("the receiver of the audit does not take entries (%s)", away)
        cursor.last_error = str(away)[:80]
        cursor.save(update_fields=["last_error"])
        return 0
    cursor.next_leaf, cursor.last_error, cursor.sent_at = rows[-1].leaf + 1, "", now
    cursor.save(update_fields=["next_leaf", "last_error", "sent_at"])
    return len(rows)


def _sendable(row: AuditEntry) -> Sendable:
    members = {"kind": "entry", "leaf": row.leaf, "previous": row.previous, "hash": row.hash, "body": row.body}
    line = json.dumps(members, separators=(",", ":"), ensure_ascii=False)
    return Sendable(row.at, row.event, row.chain, row.number, int(row.leaf or 0), line)
