"""Tokens of organisations' directories."""

from django.db import models


class DirectoryToken(models.Model):
    """A bearer token, as hex SHA-256 only."""

    organisation = models.ForeignKey("conferences.Organisation", on_delete=models.CASCADE, related_name="+")
    token_checksum = models.CharField(max_length=64, unique=True)
    made_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
