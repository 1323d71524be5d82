"""Celery tasks of the core application. Celery wakes, the rows decide."""

from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from conferences.services.outbox import deliver_due, forget_delivered
from conferences.services.outbox_handlers import registered

ITEMS_A_RUN = 50
DELIVERED_KEPT = timedelta(days=7)


@shared_task(name="conferences.deliver_outbox")  # type: ignore[untyped-decorator]  # Celery has no types
def deliver_outbox() -> None:
    """Deliver what is due; the beat calls it every second, two at once do no harm."""
    deliver_due(now=timezone.now(), handlers=registered(), limit=ITEMS_A_RUN)


@shared_task(name="conferences.clean")  # type: ignore[untyped-decorator]  # Celery has no types
def clean() -> None:
    """Forget what was delivered long ago."""
    forget_delivered(before=timezone.now() - DELIVERED_KEPT)
