"""The log's key: Ed25519, a PEM file of the trusted domain. It signs checkpoints of the audit tree and nothing else."""

from functools import lru_cache

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from django.conf import settings


@lru_cache(maxsize=1)
def log_signing_key() -> Ed25519PrivateKey:
    """The private key, read once.

    Raises:
        OSError: the file is not there.
        TypeError: the file holds another kind of key.

    """
    key = load_pem_private_key(settings.AUDIT_SIGNING_KEY_FILE.read_bytes(), password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise TypeError("audit-signing.pem is not an Ed25519 key")
    return key
