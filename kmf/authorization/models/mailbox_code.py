"""Codes that were mailed to the owner of an account, or are about to be."""

from django.db import models

from kmf.authorization.models.account import Account


class MailboxCode(models.Model):
    """One code for one browser that asked. ``code_hash`` is empty until the mail is made: the code stands nowhere else."""

    ticket_hash = models.CharField(max_length=64, unique=True)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+")
    asked_at = models.DateTimeField(db_index=True)
    code_hash = models.CharField(max_length=64, blank=True)
    expires_at = models.DateTimeField(null=True)
    tries = models.PositiveIntegerField(default=0)
