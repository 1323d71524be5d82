"""What is known of the configured MDDs besides their addresses."""

from django.db import models


class MDDState(models.Model):
    """One MDD by its configured name. ``lost_at``: it was found dead then, and has not answered since."""

    name = models.CharField(max_length=32, primary_key=True)
    draining = models.BooleanField(default=False)
    lost_at = models.DateTimeField(null=True)
