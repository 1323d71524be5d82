"""Conferences and the identities invited to them ([PERC] 3.2: Conference Session Database)."""

import secrets
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import models
from django.db.models import Q

from protocol.sign_in import Strength


def new_identifier() -> str:
    """A fresh 128-bit identifier: 22 characters of base64url (docs/protocol.md section 1).

    None begins with a hyphen: ``audit export --conference ID`` would take it for an option.
    """
    while (identifier := secrets.token_urlsafe(16)).startswith("-"):
        pass
    return identifier


class Organisation(models.Model):
    """A customer. Every row that belongs to a customer names it."""

    name = models.CharField(max_length=200)
    slug = models.SlugField(unique=True)


class Conference(models.Model):
    """A scheduled conference. Rights to its keys follow from its participants, its times and ``ended_at``."""

    class OnJoin(models.TextChoices):
        """What a join does to the epoch (DESIGN section 6)."""

        REKEY = "rekey"
        SHARE = "share"

    class PastAccess(models.TextChoices):
        """Who may later decrypt a recording ([PERC] 4.8)."""

        NONE = "none"
        RECORDING = "recording"

    class Admission(models.TextChoices):
        """Who lets an invited identity in (DESIGN section 6): the invitation, or the initiator by name."""

        INVITED = "invited"
        LOBBY = "lobby"

    class SignIn(models.TextChoices):
        """How strongly everybody must have signed in (``protocol.sign_in``)."""

        ANY = Strength.ANY.acr
        COMPANY = Strength.COMPANY.acr
        SECOND_FACTOR = Strength.SECOND_FACTOR.acr

    id = models.CharField(primary_key=True, max_length=22, default=new_identifier, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT)
    handle = models.CharField(max_length=22, unique=True, default=new_identifier, editable=False)
    title = models.CharField(max_length=200)
    initiator_identity = models.CharField(max_length=254)
    initiator_name = models.CharField(max_length=200)
    time_zone = models.CharField(max_length=64)
    starts_at = models.DateTimeField()
    duration_min = models.PositiveIntegerField()
    early_min = models.PositiveIntegerField(default=15)
    grace_min = models.PositiveIntegerField(default=15)
    on_join = models.CharField(max_length=8, choices=OnJoin.choices, default=OnJoin.REKEY)
    past_access = models.CharField(max_length=12, choices=PastAccess.choices, default=PastAccess.NONE)
    admission = models.CharField(max_length=8, choices=Admission.choices, default=Admission.INVITED, db_default=Admission.INVITED)
    sign_in = models.CharField(max_length=20, choices=SignIn.choices, default=SignIn.ANY, db_default=SignIn.ANY)
    locked_at = models.DateTimeField(null=True, blank=True)  # nobody new comes in since then
    keys_kept_days = models.PositiveIntegerField(default=30, db_default=30)  # after the end, where past_access is recording
    ttl_s = models.PositiveIntegerField(default=600)
    rekey_s = models.PositiveIntegerField(default=300)
    capacity = models.PositiveIntegerField(default=1000)
    sequence = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    end_reason = models.CharField(max_length=20, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(duration_min__gte=1, duration_min__lte=24 * 60), name="conference_duration"),
            models.CheckConstraint(condition=Q(keys_kept_days__gte=1, keys_kept_days__lte=3650), name="conference_keys_kept"),
            models.CheckConstraint(condition=Q(rekey_s__lte=models.F("ttl_s")), name="conference_rekey_within_ttl"),
        ]
        indexes = [models.Index(fields=["organisation", "starts_at"])]

    @property
    def zone(self) -> ZoneInfo:
        """Zone that its invitations speak in."""
        return ZoneInfo(self.time_zone)

    @property
    def opens_at(self) -> datetime:
        """First moment at which a key may be released."""
        return self.starts_at - timedelta(minutes=self.early_min)

    @property
    def scheduled_end_at(self) -> datetime:
        """End by the schedule, as the invitation says it."""
        return self.starts_at + timedelta(minutes=self.duration_min)

    @property
    def closes_at(self) -> datetime:
        """Moment from which no key is released or valid: scheduled end plus grace."""
        return self.scheduled_end_at + timedelta(minutes=self.grace_min)


class Participant(models.Model):
    """An invited identity. ``withdrawn_at`` takes its right to the key away at once."""

    class Role(models.TextChoices):
        """Role in the conference, shown in the roster."""

        INITIATOR = "initiator"
        PARTICIPANT = "participant"

    class Kind(models.TextChoices):
        """A person, a room system, or a service that may keep what it receives (iCalendar CUTYPE)."""

        PERSON = "person"
        ROOM = "room"
        RECORDER = "recorder"

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT)
    conference = models.ForeignKey(Conference, on_delete=models.CASCADE, related_name="participants")
    identity = models.CharField(max_length=254)  # e-mail address, lower case
    name = models.CharField(max_length=200, blank=True)
    role = models.CharField(max_length=12, choices=Role.choices, default=Role.PARTICIPANT)
    kind = models.CharField(max_length=8, choices=Kind.choices, default=Kind.PERSON)
    pseudonym = models.CharField(max_length=22, unique=True, default=new_identifier, editable=False)
    invited_at = models.DateTimeField()
    invited_by = models.CharField(max_length=200)
    mailed_at = models.DateTimeField(null=True, blank=True)  # the invitation went to the mail server; null: it waits
    reminded_at = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    admitted_at = models.DateTimeField(null=True, blank=True)  # let in by the initiator, last
    admitted_by = models.CharField(max_length=200, blank=True, db_default="")
    removed_at = models.DateTimeField(null=True, blank=True)  # put out, and not let in again since
    banned_at = models.DateTimeField(null=True, blank=True)  # and nobody may let him in

    class Meta:
        constraints = [models.UniqueConstraint(fields=["conference", "identity"], name="participant_once")]
        indexes = [models.Index(fields=["identity"], name="participant_identity")]
