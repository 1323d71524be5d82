"""Root key provider: a file of 32 bytes in base64, mode 0600 (DESIGN section 5). Others (environment, PKCS#11) join here."""

import base64
import binascii

from django.conf import settings

from kmf.crypto.seal import KEY_BYTES
from kmf.crypto.secret_bytes import SecretBytes
from kmf.errors import KMFUnavailable


def root_key() -> SecretBytes:
    """The root key, read at every use: taking the file away seals the KMF at once.

    Raises:
        KMFUnavailable: the file is away or not a key.

    """
    try:
        value = base64.b64decode(settings.KMF_ROOT_KEY_FILE.read_bytes().strip(), validate=True)
    except (OSError, binascii.Error):
        raise KMFUnavailable("root key cannot be read") from None
    if len(value) != KEY_BYTES:
        raise KMFUnavailable("root key has a wrong length")
    return SecretBytes(value)
