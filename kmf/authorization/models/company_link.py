"""Which account somebody of a company's provider has."""

from django.db import models

from kmf.authorization.models.account import Account


class CompanyLink(models.Model):
    """The subject of an issuer is this account. Addresses do not count: they change owners (OpenID Connect Core 5.7)."""

    issuer = models.CharField(max_length=255)
    subject = models.CharField(max_length=255)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="company_links")
    created_at = models.DateTimeField()
    signed_out_at = models.DateTimeField(null=True)  # of every session there, by the provider's clock

    class Meta:
        constraints = [models.UniqueConstraint(fields=["issuer", "subject"], name="company_link_once")]
