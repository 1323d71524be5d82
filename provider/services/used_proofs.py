"""What is good once: DPoP proofs and signed requests."""

from datetime import datetime

from django.db import IntegrityError, transaction

from provider.errors import NotAuthorized
from provider.models import UsedProof


def use_once(*, signer: str, jti: str, expires_at: datetime, refusal: type[NotAuthorized]) -> None:
    """Remember ``(signer, jti)``; the database's constraint decides between two at the same time.

    Args:
        signer: thumbprint or id of the key that signed.
        jti: what the signer named it.
        expires_at: from when on its own times refuse it.
        refusal: error to raise when it was used before.

    Raises:
        NotAuthorized: of the kind ``refusal``.

    """
    try:
        with transaction.atomic():
            UsedProof.objects.create(signer=signer, jti=jti, expires_at=expires_at)
    except IntegrityError:
        raise refusal("it was used before") from None
