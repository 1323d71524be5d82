"""What is sealed under a conference's key: EKT keys and member secrets (DESIGN section 5)."""

from collections.abc import Iterable, Mapping

from kmf.crypto.seal import associated_data, seal, unseal
from kmf.crypto.secret_bytes import SecretBytes
from kmf.errors import KMFUnavailable
from kmf.models import Endpoint, Epoch
from kmf.services.conference_keys import conference_key


def seal_ekt_key(*, conference_id: str, epoch: int, key_id: str, ekt_key: SecretBytes) -> bytes:
    """An EKT key, sealed."""
    return seal(conference_key(conference_id), ekt_key, data=_epoch_data(conference_id, epoch, key_id))


def unseal_ekt_key(epoch: Epoch) -> SecretBytes:
    """The EKT key of an epoch that is not destroyed.

    Raises:
        KMFUnavailable: destroyed, or a key above it is away.

    """
    if epoch.sealed_key is None:
        raise KMFUnavailable("the epoch's key is destroyed")
    data = _epoch_data(epoch.conference_id, int(epoch.number), epoch.key_id)
    return unseal(conference_key(epoch.conference_id), bytes(epoch.sealed_key), data=data)


def seal_member_secrets(*, conference_id: str, secrets: Mapping[int, SecretBytes]) -> dict[int, bytes]:
    """Member secrets by source id, each sealed for its endpoint's row; the conference's key is had once for all of them."""
    key = conference_key(conference_id)
    return {source_id: seal(key, secret, data=_member_data(conference_id, source_id)) for source_id, secret in secrets.items()}


def unseal_member_secrets(*, conference_id: str, endpoints: Iterable[Endpoint]) -> dict[int, SecretBytes]:
    """Member secrets of endpoints that have not left, by the endpoints' ids; the conference's key is had once, as above.

    Raises:
        KMFUnavailable: one is destroyed, or a key above them is away.

    """
    key = conference_key(conference_id)
    secrets = {}
    for endpoint in endpoints:
        if endpoint.sealed_member_secret is None:
            raise KMFUnavailable("the member secret is destroyed")
        data = _member_data(conference_id, int(endpoint.membership.source_id))
        secrets[endpoint.pk] = unseal(key, bytes(endpoint.sealed_member_secret), data=data)
    return secrets


def _epoch_data(conference_id: str, epoch: int, key_id: str) -> bytes:
    return associated_data(purpose="EKT key", owner=conference_id, epoch=epoch, key_id=key_id)


def _member_data(conference_id: str, source_id: int) -> bytes:
    return associated_data(purpose="member secret", owner=conference_id, epoch=source_id)
