"""Rooms and seats: pseudonyms and opaque handles only, no name.

``issuer`` says whose conference it is: the organisation's authorization server, the only thing known of the customer.
"""

from django.db import models
from django.db.models import Q


class Room(models.Model):
    """A conference."""

    issuer = models.URLField(max_length=255)
    handle = models.CharField(max_length=22)
    created_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["issuer", "handle"], name="one_room_per_handle")]


class Part(models.Model):
    """A room's part at one MDD, from its first endpoint to its last; most rooms have one.

    ``mdd`` is the MDD's configured name; ``mdd_room``, ``secret`` and ``pin`` are the room's there, and said to no other MDD.
    """

    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="parts")
    mdd = models.CharField(max_length=32)
    mdd_room = models.CharField(max_length=43)
    secret = models.CharField(max_length=43)
    pin = models.CharField(max_length=43)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["room", "mdd"], name="one_part_at_an_mdd")]
        indexes = [models.Index(fields=["mdd"])]


class Seat(models.Model):
    """One endpoint's presence: from its join until its socket is over.

    ``ticket`` is the SHA-256 (hex) of the one-time ticket, ``feed`` the random name under which others see its media.
    """

    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="seats")
    part = models.ForeignKey(Part, on_delete=models.SET_NULL, null=True, related_name="seats")
    pseudonym = models.CharField(max_length=22)
    feed = models.CharField(max_length=22, unique=True)
    mdd_token = models.CharField(max_length=43)
    ticket = models.CharField(max_length=64, unique=True)
    ticket_expires_at = models.DateTimeField()
    joined_at = models.DateTimeField()
    opened_at = models.DateTimeField(null=True)
    seen_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    end_reason = models.CharField(max_length=16, blank=True)
    reported = models.CharField(max_length=12, blank=True)  # the last event that the KMF was told

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["room", "pseudonym"],
                condition=Q(opened_at__isnull=False, ended_at__isnull=True),
                name="one_open_seat_per_pseudonym",
            )
        ]
        indexes = [models.Index(fields=["room", "pseudonym", "joined_at"])]


class Eviction(models.Model):
    """Since ``at`` no token issued earlier seats this pseudonym; a newer token is the KMF's change of mind."""

    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="evictions")
    pseudonym = models.CharField(max_length=22)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["room", "pseudonym"], name="one_eviction_per_pseudonym")]
