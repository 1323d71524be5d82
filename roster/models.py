"""Who is or was in a conference, and the signed chain of changes that endpoints were told."""

from django.db import models
from django.db.models import Q


class Membership(models.Model):
    """One endpoint's stay, from the release of its first key to its leave.

    What its roster entry says of the participant is copied when the stay begins: a signed entry never changes.
    """

    conference = models.ForeignKey("conferences.Conference", on_delete=models.CASCADE, related_name="memberships")
    organisation = models.ForeignKey("conferences.Organisation", on_delete=models.PROTECT)
    participant = models.ForeignKey("conferences.Participant", on_delete=models.CASCADE)
    source_id = models.PositiveBigIntegerField()
    identity_key = models.BinaryField()  # Ed25519 public key, 32 bytes
    name = models.CharField(max_length=200)
    verified_by = models.CharField(max_length=40)
    role = models.CharField(max_length=12)
    kind = models.CharField(max_length=8)
    invited_by = models.CharField(max_length=200)
    admitted_by = models.CharField(max_length=200, blank=True)
    admitted_at = models.DateTimeField(null=True)
    since = models.DateTimeField()
    left_at = models.DateTimeField(null=True)
    leave_reason = models.CharField(max_length=20, blank=True)
    announced_left = models.BooleanField(default=False)  # a delta has said so

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["conference", "source_id"], name="source_id_once"),
            models.CheckConstraint(condition=Q(source_id__gte=1, source_id__lte=2**32 - 1), name="source_id_32_bit"),
        ]
        indexes = [models.Index(fields=["conference"], condition=Q(left_at=None), name="membership_present")]


class RosterDelta(models.Model):
    """One signed change; ``head`` is the chain's head after it (docs/protocol.md section 4)."""

    conference = models.ForeignKey("conferences.Conference", on_delete=models.CASCADE)
    organisation = models.ForeignKey("conferences.Organisation", on_delete=models.PROTECT)
    number = models.PositiveBigIntegerField()
    epoch = models.PositiveBigIntegerField()
    body = models.BinaryField()
    signature = models.BinaryField()
    head = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["conference", "number"], name="roster_number_once")]
