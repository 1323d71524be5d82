"""Root keys of 32 bytes in base64: a file of mode 0600, or a variable of the process environment."""

import base64
import binascii
import hashlib
import os
import secrets
from pathlib import Path

from django.conf import settings

from kmf.crypto.labels import ROOT_ID
from kmf.crypto.seal import KEY_BYTES, seal, unseal
from kmf.crypto.secret_bytes import SecretBytes
from kmf.errors import KMFUnavailable, RootKeyAway, RootKeyWrong
from kmf.services.key_files import give_to_owner
from kmf.services.root_keys.provider import ID_LENGTH
from protocol import base64url


class SoftwareRoot:
    """A root key in this process's memory."""

    def __init__(self, value: SecretBytes) -> None:
        self._value = value

    @property
    def id(self) -> str:
        """Of a hash of the key: the same wherever the key is brought, and a way back to it for nobody."""
        return base64url.encode(hashlib.sha256(ROOT_ID + self._value.expose()).digest())[:ID_LENGTH]

    def seal_day_key(self, day_key: SecretBytes, *, data: bytes) -> bytes:
        """See :class:`kmf.services.root_keys.provider.RootKey`."""
        return seal(self._value, day_key, data=data)

    def unseal_day_key(self, sealed: bytes, *, data: bytes) -> SecretBytes:
        """See :class:`kmf.services.root_keys.provider.RootKey`."""
        try:
            return unseal(self._value, sealed, data=data)
        except KMFUnavailable:
            raise RootKeyWrong from None


def root_of_file(path: Path) -> SoftwareRoot:
    """The root key in a file, read at every use: taking the file away seals the KMF at once.

    Raises:
        RootKeyAway: the file is away or not a key.

    """
    try:
        return SoftwareRoot(_decoded(path.read_bytes().strip()))
    except OSError:
        raise RootKeyAway("root key cannot be read") from None


def root_of_environment(name: str) -> SoftwareRoot:
    """The root key that stood in the environment variable ``name`` when the process began.

    Raises:
        RootKeyAway: there was none, or it is not a key.

    """
    value = settings.KMF_ROOT_VALUE(name)
    if value is None:
        raise RootKeyAway("root key is not in the environment")
    return SoftwareRoot(_decoded(value.encode()))


def make_root_file(path: Path) -> None:
    """Write a fresh root key, mode 0600.

    Raises:
        FileExistsError: a key is never overwritten.

    """
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    give_to_owner(handle, path.parent)
    with os.fdopen(handle, "wb") as file:
        file.write(base64.b64encode(secrets.token_bytes(KEY_BYTES)) + b"\n")
        file.flush()
        os.fsync(file.fileno())


def _decoded(text: bytes) -> SecretBytes:
    try:
        value = base64.b64decode(text, validate=True)
    except binascii.Error:
        raise RootKeyAway("root key is not base64") from None
    if len(value) != KEY_BYTES:
        raise RootKeyAway("root key has a wrong length")
    return SecretBytes(value)
