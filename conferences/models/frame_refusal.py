"""Refusals of core frames that are alike and came within one minute: counted, so that who asks in a loop fills no audit."""

from django.db import models


class FrameRefusalCount(models.Model):
    """How often one account was refused for one reason after the first time, which the audit has, until ``since`` + a minute."""

    subject = models.CharField(max_length=64)  # account id of the token
    actor = models.CharField(max_length=254)  # as the audit names it
    code = models.CharField(max_length=40)
    reason = models.CharField(max_length=80)
    since = models.DateTimeField()
    last_at = models.DateTimeField()
    more = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["subject", "reason"], name="frame_refusal_once")]
        indexes = [models.Index(fields=["since"])]
