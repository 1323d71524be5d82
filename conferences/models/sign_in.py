"""Which sign-ins are over: what the Authorization Module has told of accounts that ended everything."""

from django.db import models


class SignInGeneration(models.Model):
    """Sessions of ``subject`` that were opened under an earlier ``generation`` are over.

    A subject is an account's id, or the name of one session of it that has ended (``generation`` 1).
    """

    subject = models.CharField(primary_key=True, max_length=64)
    generation = models.PositiveIntegerField()
