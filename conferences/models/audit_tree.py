"""The Merkle tree over all audit entries of the installation, as tiles, and the checkpoints signed over it."""

from django.db import models


class AuditTree(models.Model):
    """One row, locked by whoever extends the tree. ``log_key`` is the public key in the form of C2SP signed-note."""

    origin = models.CharField(max_length=200)
    log_key = models.CharField(max_length=300)
    size = models.PositiveBigIntegerField(default=0)


class AuditTile(models.Model):
    """Up to 256 hashes of 32 bytes: of the complete subtrees of ``256 ** level`` leaves from ``index * 256`` on."""

    level = models.PositiveSmallIntegerField()
    index = models.PositiveBigIntegerField()
    hashes = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["level", "index"], name="audit_tile_once")]


class AuditCheckpoint(models.Model):
    """A signed note (C2SP tlog-checkpoint) over the first ``size`` leaves."""

    size = models.PositiveBigIntegerField(primary_key=True)
    root = models.BinaryField()
    note = models.TextField()
    at = models.DateTimeField()


class AuditCursor(models.Model):
    """How far the tree's leaves were sent to a receiver; ``last_error`` is the class of the last failure."""

    name = models.CharField(primary_key=True, max_length=40)
    next_leaf = models.PositiveBigIntegerField(default=0)
    last_error = models.CharField(max_length=80, blank=True)
    sent_at = models.DateTimeField(null=True)
