"""Counts of what somebody did within a window, shared by all processes."""

from django.db import models


class RateCount(models.Model):
    """One count. ``key`` is a hash: neither addresses nor accounts stand here."""

    key = models.CharField(primary_key=True, max_length=64)
    count = models.PositiveIntegerField()
    ends_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["ends_at"])]
