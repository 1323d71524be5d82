"""Audit rows: append-only, hash-chained; ``body`` is the exact text that was hashed (DESIGN section 11)."""

from django.db import models

from conferences.models.conference import Organisation


class AuditChain(models.Model):
    """Head of one chain: a conference's, or ``organisation:{slug}`` for what belongs to none."""

    chain = models.CharField(primary_key=True, max_length=80)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, null=True)
    number = models.PositiveBigIntegerField(default=0)
    head = models.CharField(max_length=64)


class AuditEntry(models.Model):
    """One entry. ``hash`` = hex SHA-256(previous ‖ body); the other columns repeat the body for search."""

    chain = models.CharField(max_length=80)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, null=True)
    number = models.PositiveBigIntegerField()
    at = models.DateTimeField()
    event = models.CharField(max_length=40)
    actor = models.CharField(max_length=254)
    body = models.TextField()
    previous = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["chain", "number"], name="audit_number_once")]
        indexes = [models.Index(fields=["chain", "-number"]), models.Index(fields=["organisation", "-at"])]
