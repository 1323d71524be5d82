"""Codes that were mailed to guests, or are about to be."""

from django.db import models


class GuestCode(models.Model):
    """One code for one browser that asked: only that one can try it, so that nobody uses up another's tries.

    ``code_hash`` is empty until the mail is made: the code itself stands nowhere but in the mail.
    """

    ticket_hash = models.CharField(max_length=64, unique=True)
    address = models.EmailField()
    organisation = models.ForeignKey("conferences.Organisation", on_delete=models.CASCADE)
    asked_at = models.DateTimeField()
    code_hash = models.CharField(max_length=64, blank=True)
    expires_at = models.DateTimeField(null=True)
    tries = models.PositiveIntegerField(default=0)

    class Meta:
        indexes = [models.Index(fields=["asked_at"])]
