"""Sessions of people at their company's provider, under which they signed in here."""

from django.db import models

from conferences.models import new_identifier


class CompanySession(models.Model):
    """The session ``sid`` of an issuer. What was opened under it is over once it has ended, or is not known any more.

    ``subject`` is empty where the end was told before anybody had signed in under it.
    """

    id = models.CharField(primary_key=True, max_length=22, default=new_identifier, editable=False)
    issuer = models.CharField(max_length=255)
    sid = models.CharField(max_length=255)
    subject = models.CharField(max_length=255, blank=True)
    ended_at = models.DateTimeField(null=True)
    kept_until = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["issuer", "sid"], name="company_session_once")]
        indexes = [models.Index(fields=["issuer", "subject"])]
