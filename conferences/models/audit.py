"""Audit rows: append-only, hash-chained; ``body`` is the exact text that was hashed (DESIGN section 11)."""

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector
from django.db import models
from django.db.models import Q

from conferences.models.conference import Organisation

IN_TREE = Q(leaf__isnull=False)


class AuditChain(models.Model):
    """Head of one chain: a conference's, or ``organisation:{slug}`` for what belongs to none."""

    chain = models.CharField(primary_key=True, max_length=80)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, null=True)
    number = models.PositiveBigIntegerField(default=0)
    head = models.CharField(max_length=64)


class AuditEntry(models.Model):
    """One entry. ``hash`` = hex SHA-256(previous ‖ body); ``at``, ``event`` and ``actor`` repeat the body for search.

    ``leaf`` is its place in the tree, given within a second or so after the commit; null: not yet. A pruned entry has no
    body any more, the event ``pruned`` and no actor; its hashes stay.
    """

    chain = models.CharField(max_length=80)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, null=True, db_index=False)
    number = models.PositiveBigIntegerField()
    at = models.DateTimeField()
    event = models.CharField(max_length=40)
    actor = models.CharField(max_length=254)
    body = models.TextField()
    previous = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)
    leaf = models.PositiveBigIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["chain", "number"], name="audit_number_once"),
            models.UniqueConstraint(fields=["leaf"], name="audit_leaf_once", condition=IN_TREE),
        ]
        # Those for search hold what is in the tree only: whoever extends the tree pays for them, not who waits for a key.
        indexes = [
            models.Index(fields=["id"], name="audit_not_in_tree", condition=Q(leaf__isnull=True)),
            models.Index(fields=["organisation", "at", "leaf"], name="audit_by_time", condition=IN_TREE),
            models.Index(fields=["organisation", "event", "at", "leaf"], name="audit_by_event", condition=IN_TREE),
            models.Index(fields=["organisation", "actor", "at", "leaf"], name="audit_by_actor", condition=IN_TREE),
            GinIndex(SearchVector("body", config="simple"), name="audit_by_words", condition=IN_TREE),
        ]
