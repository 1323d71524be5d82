"""Celery tasks of the core application. Celery wakes, the rows decide."""

import logging
from datetime import timedelta

from celery import shared_task
from django.conf import settings
from django.db import DatabaseError
from django.utils import timezone

from conferences.errors import ConferencesError
from conferences.services.audit_forward import forward_due
from conferences.services.audit_retention import prune_due
from conferences.services.audit_tree import extend_tree
from conferences.services.frame_access import forget_frame_proofs
from conferences.services.outbox import deliver_due, forget_delivered
from conferences.services.outbox_handlers import registered

ITEMS_A_RUN = 50
STEPS_A_RUN = 10
DELIVERED_KEPT = timedelta(days=7)
logger = logging.getLogger(__name__)


@shared_task(name="conferences.deliver_outbox")  # type: ignore[untyped-decorator]  # Celery has no types
def deliver_outbox() -> None:
    """Deliver what is due; the beat calls it every second, two at once do no harm."""
    deliver_due(now=timezone.now(), handlers=registered(), limit=ITEMS_A_RUN)


@shared_task(name="conferences.clean")  # type: ignore[untyped-decorator]  # Celery has no types
def clean() -> None:
    """Forget what was delivered long ago."""
    now = timezone.now()
    forget_delivered(before=now - DELIVERED_KEPT)
    forget_frame_proofs(now=now)


@shared_task(name="conferences.extend_audit_tree")  # type: ignore[untyped-decorator]  # Celery has no types
def extend_audit_tree() -> None:
    """Put new audit entries under a signed checkpoint, every second; two at once do no harm."""
    try:
        for _ in range(STEPS_A_RUN):
            if not extend_tree(now=timezone.now()):
                break
    except (ConferencesError, DatabaseError, OSError, TypeError) as error:
        logger.error("the audit tree cannot be extended (%s)", type(error).__name__)  # noqa: TRY400  the class says enough


@shared_task(name="conferences.forward_audit")  # type: ignore[untyped-decorator]  # Celery has no types
def forward_audit() -> None:
    """Send what the receiver has not got yet, every second; while it is away, entries wait in the database."""
    forward_due(receiver=settings.AUDIT_RECEIVER, now=timezone.now())


@shared_task(name="conferences.prune_audit")  # type: ignore[untyped-decorator]  # Celery has no types
def prune_audit() -> None:
    """Prune what retention says, every hour."""
    prune_due(keep_days=settings.AUDIT_KEEP_DAYS, receiver=settings.AUDIT_RECEIVER, now=timezone.now())
