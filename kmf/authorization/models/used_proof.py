"""Memory of DPoP proofs: a ``(jkt, jti)`` is accepted once, in whichever process it arrives."""

from django.db import models


class UsedProof(models.Model):
    """A proof that was accepted; forgotten once its own time is over."""

    jkt = models.CharField(max_length=43)
    jti = models.CharField(max_length=128)
    expires_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["jkt", "jti"], name="proof_once")]
        indexes = [models.Index(fields=["expires_at"])]
