"""What must be done outside after a commit: mails, orders to the provider. Celery wakes, these rows decide."""

from django.db import models
from django.db.models import Q

from conferences.models.conference import Organisation


class OutboxItem(models.Model):
    """One effect to deliver at least once; its handler is idempotent. ``payload`` holds ids, never names or keys."""

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT)
    kind = models.CharField(max_length=40)
    payload = models.JSONField()
    created_at = models.DateTimeField()
    due_at = models.DateTimeField()
    attempts = models.PositiveIntegerField(default=0)
    last_error = models.CharField(max_length=80, blank=True)  # class of the last failure, never its text
    done_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["due_at"], condition=Q(done_at=None), name="outbox_due")]
