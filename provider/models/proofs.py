"""What is good once."""

from django.db import models


class UsedProof(models.Model):
    """A proof or signed request that was accepted once. ``signer`` is a key thumbprint or a key id."""

    signer = models.CharField(max_length=64)
    jti = models.CharField(max_length=128)
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["signer", "jti"], name="a_proof_is_good_once")]
