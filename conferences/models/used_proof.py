"""DPoP proofs that were accepted once at the core application's own resource, the core frame's data."""

from django.db import models


class FrameProof(models.Model):
    """A proof that was used. ``jkt`` is the key's thumbprint; after ``expires_at`` its own time refuses it."""

    jkt = models.CharField(max_length=43)
    jti = models.CharField(max_length=128)
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["jkt", "jti"], name="a_frame_proof_is_good_once")]
