"""Keys by which room systems and services show who they are: public halves only."""

from django.db import models

from kmf.authorization.models.account import Account


class EnrolledKey(models.Model):  # type: ignore[django-manager-missing]  # relations of untyped models
    """A public key that an administrator enrolled for a device's account. Once revoked it is never good again."""

    kid = models.CharField(max_length=43, unique=True)  # its RFC 7638 thumbprint
    jwk = models.JSONField()  # kty, crv, x, y
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="enrolled_keys")
    organisation = models.ForeignKey("conferences.Organisation", on_delete=models.PROTECT, related_name="+")
    enrolled_at = models.DateTimeField()
    enrolled_by = models.CharField(max_length=254)
    used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
