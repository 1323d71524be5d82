"""Keys of a conference: its state, its epochs, its endpoints. All key bytes here are sealed (DESIGN section 5)."""

from datetime import datetime

from django.db import models
from django.db.models import Q


class KeyState(models.Model):
    """One row per conference that ever released a key; its lock orders everything that changes epochs.

    ``version`` rises with each change that endpoints must hear of. Since ``listening_since`` the conference was settled
    without a break, last at ``settled_at``.
    """

    conference = models.OneToOneField("conferences.Conference", on_delete=models.CASCADE, primary_key=True)
    organisation = models.ForeignKey("conferences.Organisation", on_delete=models.PROTECT)
    version = models.PositiveBigIntegerField(default=0)
    last_epoch = models.PositiveBigIntegerField(default=0)
    last_leave_rekey_at = models.DateTimeField(null=True)
    rekey_due_at = models.DateTimeField(null=True)
    doubted_at = models.DateTimeField(null=True)  # when the provider last reported somebody gone whose heartbeat lived
    settled_at = models.DateTimeField(null=True)
    listening_since = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)


class ConferenceKey(models.Model):
    """That a conference has a key. The key is a file sealed under the day key of ``day``, never a row (ADR 0021).

    From ``destroy_at`` on, as it was reckoned at ``marked_at``, it is to be destroyed. One that was kept for recordings has been
    due since ``due_since``. ``destroyed_at`` says that its file is gone.
    """

    conference = models.OneToOneField("conferences.Conference", on_delete=models.CASCADE, primary_key=True)
    organisation = models.ForeignKey("conferences.Organisation", on_delete=models.PROTECT)
    day = models.DateField()
    marked_at = models.DateTimeField(null=True)
    destroy_at = models.DateTimeField(null=True)
    due_since = models.DateTimeField(null=True)
    destroyed_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["destroy_at"], condition=Q(destroyed_at=None), name="conference_key_to_destroy"),
            models.Index(fields=["marked_at"], condition=Q(destroyed_at=None), name="conference_key_marked"),
            models.Index(fields=["due_since"], condition=Q(destroyed_at=None), name="conference_key_due"),
        ]


class Epoch(models.Model):
    """One membership of the conference = one EKT key."""

    class State(models.TextChoices):
        """``current → superseded → destroyed``, or ``current → revoked → destroyed`` (DESIGN section 6)."""

        CURRENT = "current"
        SUPERSEDED = "superseded"
        REVOKED = "revoked"
        DESTROYED = "destroyed"

    conference = models.ForeignKey("conferences.Conference", on_delete=models.CASCADE, related_name="epochs")
    organisation = models.ForeignKey("conferences.Organisation", on_delete=models.PROTECT)
    number = models.PositiveBigIntegerField()
    key_id = models.CharField(max_length=22, unique=True)
    state = models.CharField(max_length=12, choices=State.choices)
    reason = models.CharField(max_length=20)
    sealed_key = models.BinaryField(null=True)
    opened_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    destroyed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["conference", "number"], name="epoch_number_once"),
            models.UniqueConstraint(fields=["conference"], condition=Q(state="current"), name="epoch_one_current"),
            models.CheckConstraint(
                condition=Q(state="destroyed", sealed_key=None) | ~Q(state="destroyed"), name="epoch_destroyed_has_no_key"
            ),
        ]

    @property
    def spi(self) -> int:
        """16-bit SPI on the media wire (RFC 8870)."""
        return int(self.number) % 65536

    def ends_at(self, now: datetime) -> datetime:
        """When its key ends as seen at ``now``: never later than its whole life from then, though a clock was put back."""
        return min(self.expires_at, now + (self.expires_at - self.opened_at))


class Waiting(models.Model):
    """An invited identity that asked for a key and must be let in first. He waits as long as he goes on asking."""

    participant = models.OneToOneField("conferences.Participant", on_delete=models.CASCADE, primary_key=True)
    conference = models.ForeignKey("conferences.Conference", on_delete=models.CASCADE, related_name="waiting")
    organisation = models.ForeignKey("conferences.Organisation", on_delete=models.PROTECT)
    name = models.CharField(max_length=200)
    verified_by = models.CharField(max_length=40)
    since = models.DateTimeField()
    asked_at = models.DateTimeField()
    declined_at = models.DateTimeField(null=True)


class DenialCount(models.Model):
    """Denials of one account that were alike. The first, at ``since``, stands in the audit; ``more`` came after it."""

    account = models.ForeignKey("authorization.Account", on_delete=models.CASCADE)
    organisation = models.ForeignKey("conferences.Organisation", on_delete=models.PROTECT)
    chain = models.CharField(max_length=80)  # where the audit has them
    code = models.CharField(max_length=20)
    reason = models.CharField(max_length=80)
    since = models.DateTimeField()
    last_at = models.DateTimeField()
    more = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "chain", "reason"], name="denials_alike_once")]


class Endpoint(models.Model):
    """A membership's keys: the DPoP thumbprint it is bound to, and its member secret until it leaves."""

    membership = models.OneToOneField("roster.Membership", on_delete=models.CASCADE, primary_key=True)
    conference = models.ForeignKey("conferences.Conference", on_delete=models.CASCADE, related_name="endpoints")
    organisation = models.ForeignKey("conferences.Organisation", on_delete=models.PROTECT)
    account = models.ForeignKey("authorization.Account", on_delete=models.CASCADE)
    jkt = models.CharField(max_length=43)
    sealed_member_secret = models.BinaryField(null=True)
    connected_at = models.DateTimeField(null=True)
    last_seen_at = models.DateTimeField()
    mdd_connected_at = models.DateTimeField(null=True)  # the provider's word, as the three below: shown, not believed
    reported_gone_at = models.DateTimeField(null=True)
    disagreed_at = models.DateTimeField(null=True)
    unreached_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["conference", "jkt"])]
