"""Which sign-ins are over: what the Authorization Module has told of accounts that ended everything."""

from django.db import models


class SignInGeneration(models.Model):
    """Sessions of the account ``subject`` that were opened under an earlier ``generation`` are over."""

    subject = models.CharField(primary_key=True, max_length=64)  # account id
    generation = models.PositiveIntegerField()
