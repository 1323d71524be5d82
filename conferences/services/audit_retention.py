"""Retention: what is older than it must be kept is pruned to its hashes. Chains, tree and proofs stay whole.

Pruned are entries of ended conferences only, only while they stand in the tree, and never while a key of the conference
may still exist, nor before the receiver has got them where there is one. What was pruned, the chain itself says: a body that
is gone without that is a dropped one.
"""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from conferences.errors import KeysStillHeld
from conferences.models import AuditCursor, AuditEntry, Conference
from conferences.services.audit import Fact, record_all
from conferences.services.audit_forward import CURSOR

PRUNED = "audit.pruned"
CONFERENCES_A_RUN = 200


def prune_due(*, keep_days: int, now: datetime, receiver: str = "", limit: int = CONFERENCES_A_RUN) -> int:
    """Prune up to ``limit`` conferences that ended over ``keep_days`` days ago (0: none); returns how many entries it were.

    With a ``receiver`` (URL) only what it has got; what it has not, waits for it.
    """
    if not keep_days:
        return 0
    before = now - timedelta(days=keep_days)
    sent = _sent(receiver)
    left = AuditEntry.objects.filter(sent, at__lt=before, leaf__isnull=False).exclude(event__in=[PRUNED, "pruned"])
    ended = Conference.objects.filter(ended_at__lt=before, id__in=left.values("chain")).exclude(_keys_may_exist("pk"))
    ended = ended.select_related("organisation")
    pruned = 0
    for conference in ended.order_by("ended_at", "id")[:limit]:
        try:
            pruned += prune_conference(conference=conference, before=before, now=now, sent=sent)
        except KeysStillHeld:
            continue
    return pruned


def _keys_may_exist(chain: str) -> Q:
    """Condition of a row whose field ``chain`` names one: an epoch was opened, and no conference key destroyed since."""
    rows = AuditEntry.objects.filter(chain=OuterRef(chain))
    return Q(Exists(rows.filter(event="epoch.opened"))) & ~Q(Exists(rows.filter(event="conference_key.destroyed")))


def _sent(receiver: str) -> Q:
    """Condition of rows that the receiver has got; without a receiver of all."""
    if not receiver:
        return Q()
    cursor = AuditCursor.objects.filter(name=CURSOR).first()
    return Q(leaf__lt=cursor.next_leaf if cursor is not None else 0)


@transaction.atomic
def prune_conference(*, conference: Conference, before: datetime, now: datetime, sent: Q | None = None) -> int:
    """Prune the entries of ``conference`` that are older than ``before``, and ``sent`` where that matters; returns how many.

    Raises:
        KeysStillHeld: an epoch was opened whose conference key is not destroyed.

    """
    rows = AuditEntry.objects.filter(chain=conference.id)
    if conference.ended_at is None or (
        rows.filter(event="epoch.opened").exists() and not rows.filter(event="conference_key.destroyed").exists()
    ):
        raise KeysStillHeld
    doomed = rows.filter(sent or Q(), at__lt=before, leaf__isnull=False).exclude(event__in=[PRUNED, "pruned"]).order_by("number")
    numbers = list(doomed.select_for_update(no_key=True).values_list("number", flat=True))
    if not numbers:
        return 0
    facts = [Fact(PRUNED, {"first": first, "last": last}) for first, last in _stretches(numbers)]
    record_all(facts=facts, at=now, actor="system", conference=conference)
    rows.filter(number__in=numbers).update(body="", actor="", event="pruned")
    return len(numbers)


def _stretches(numbers: list[int]) -> list[tuple[int, int]]:
    """Consecutive numbers as (first, last)."""
    found: list[tuple[int, int]] = []
    for number in numbers:
        if found and found[-1][1] == number - 1:
            found[-1] = (found[-1][0], number)
        else:
            found.append((number, number))
    return found
