"""Links by which the owner of an account writes his password: the first one, or another."""

from django.db import models

from kmf.authorization.models.account import Account


class PasswordLink(models.Model):
    """One link, good once. Its secret is kept as SHA-256 only; the checksum is empty until the mail with it is made."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+")
    secret_checksum = models.CharField(max_length=64, blank=True, db_index=True)
    made_at = models.DateTimeField(db_index=True)
    expires_at = models.DateTimeField(null=True)
