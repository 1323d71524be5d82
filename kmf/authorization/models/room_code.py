"""Codes that screens of rooms show until somebody has entered them."""

from django.db import models

from kmf.authorization.models.oauth import Grant


class RoomCode(models.Model):
    """A screen that waits. ``device_code`` is the hex SHA-256 of its secret, ``user_code`` what it shows."""

    device_code = models.CharField(max_length=64, unique=True)
    user_code = models.CharField(max_length=8, unique=True)
    scope = models.CharField(max_length=40)
    dpop_jkt = models.CharField(max_length=43)
    network = models.CharField(max_length=64)
    asked_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)
    declined_at = models.DateTimeField(null=True)
    grant = models.ForeignKey(Grant, null=True, on_delete=models.CASCADE, related_name="+")
