"""What a company's SAML provider was asked, until it has answered and the browser that asked has come back."""

from django.db import models


class SamlRequest(models.Model):
    """One request. Its handle goes round with the browser; the ticket stays in the session of the browser that asked."""

    request_id = models.CharField(max_length=64, unique=True)
    handle_hash = models.CharField(max_length=64, unique=True)
    ticket_hash = models.CharField(max_length=64)
    provider = models.CharField(max_length=31)
    next_path = models.TextField(blank=True)
    is_forced = models.BooleanField(default=False)
    asked_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    # Who it is, once a verified answer has come; and the hash of what the browser must show to be that person.
    answer = models.JSONField(null=True)
    answer_hash = models.CharField(max_length=64, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["answer_hash"], condition=~models.Q(answer_hash=""), name="saml_answer_once")
        ]
        indexes = [models.Index(fields=["expires_at"])]
