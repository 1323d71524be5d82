"""Root key in a PKCS#11 token: an AES-256 key that never leaves it. Day keys go in to be sealed and opened there.

One session for each key, used by one thread of the process at a time; a lost one is opened anew, once, within the same call.
That begins the library anew, which ends the sessions of every other key too. Handles are numbers that the library then gives
out again: an earlier one may name another key, so a session of an earlier beginning is never used.
"""

import hashlib
import importlib
import os
import secrets
import threading
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from kmf.crypto.labels import ROOT_ID, lp
from kmf.crypto.secret_bytes import SecretBytes
from kmf.errors import RootKeyAway, RootKeyWrong
from kmf.services.root_keys.provider import ID_LENGTH
from protocol import base64url

_NONCE_BYTES = 12
_TAG_BITS = 128
_one_at_a_time = threading.Lock()
_refused_pins: set[tuple[str, str, int]] = set()  # guarded by the lock
_beginnings = [0]  # how often the library was begun; guarded by the lock


class TokenRoot:
    """The AES key labelled ``label`` in the token ``token``; ``module`` is the PKCS#11 library, ``pin_file`` holds the PIN."""

    def __init__(self, *, module: Path, token: str, label: str, pin_file: Path) -> None:
        self._module = module
        self._token = token
        self._label = label
        self._pin_file = pin_file
        self._pid = 0
        self._beginning = 0
        self._session: Any = None
        self._key: Any = None

    @property
    def id(self) -> str:
        """Of the labels of token and key: the key itself says nothing about itself outside the token."""
        name = ROOT_ID + lp(b"pkcs11") + lp(self._token.encode()) + lp(self._label.encode())
        return base64url.encode(hashlib.sha256(name).digest())[:ID_LENGTH]

    def seal_day_key(self, day_key: SecretBytes, *, data: bytes) -> bytes:
        """See :class:`kmf.services.root_keys.provider.RootKey`. The nonce is made here: tokens differ in who makes it."""
        pkcs11 = _library()
        nonce = secrets.token_bytes(_NONCE_BYTES)
        parameters = pkcs11.GCMParams(nonce, data, _TAG_BITS)

        def seal(key: Any) -> bytes:
            return bytes(key.encrypt(day_key.expose(), mechanism=pkcs11.Mechanism.AES_GCM, mechanism_param=parameters))

        try:
            return nonce + self._with_key(seal)
        except pkcs11.PKCS11Error:
            self._forget()
            raise RootKeyAway("the token does not answer") from None

    def unseal_day_key(self, sealed: bytes, *, data: bytes) -> SecretBytes:
        """See :class:`kmf.services.root_keys.provider.RootKey`."""
        pkcs11 = _library()
        parameters = pkcs11.GCMParams(sealed[:_NONCE_BYTES], data, _TAG_BITS)

        def unseal(key: Any) -> bytes:
            ciphertext = sealed[_NONCE_BYTES:]
            return bytes(key.decrypt(ciphertext, mechanism=pkcs11.Mechanism.AES_GCM, mechanism_param=parameters))

        try:
            return SecretBytes(self._with_key(unseal))
        except (pkcs11.EncryptedDataInvalid, pkcs11.EncryptedDataLenRange, pkcs11.GeneralError, pkcs11.FunctionFailed):
            # What tokens answer to a wrong tag; a token that is gone fails before, when its session is opened anew.
            raise RootKeyWrong from None
        except pkcs11.PKCS11Error:
            self._forget()
            raise RootKeyAway("the token does not answer") from None

    def make(self) -> None:
        """Make the key inside the token: AES-256, sensitive, not extractable.

        Raises:
            FileExistsError: the token has a key of this label.
            RootKeyAway: the token does not answer.

        """
        pkcs11 = _library()
        with _one_at_a_time:
            session = self._open(writable=True)
            try:
                if list(session.get_objects({pkcs11.Attribute.LABEL: self._label})):
                    raise FileExistsError
                session.generate_key(
                    pkcs11.KeyType.AES,
                    256,
                    label=self._label,
                    store=True,
                    capabilities=pkcs11.MechanismFlag.ENCRYPT | pkcs11.MechanismFlag.DECRYPT,
                    template={pkcs11.Attribute.SENSITIVE: True, pkcs11.Attribute.EXTRACTABLE: False},
                )
            finally:
                self._session = self._key = None
                session.close()

    def _with_key(self, use: Callable[[Any], bytes]) -> bytes:
        """Use the key in this process's session; after an error once more in a new one."""
        pkcs11 = _library()
        with _one_at_a_time:
            if self._session is not None and (self._pid, self._beginning) == (os.getpid(), _beginnings[0]):
                try:
                    return use(self._key)
                except pkcs11.PKCS11Error:
                    pass  # the session may be lost; a wrong key fails in a new one too
            self._session = self._open(writable=False)
            try:
                self._key = self._session.get_key(label=self._label, key_type=pkcs11.KeyType.AES)
            except (pkcs11.NoSuchKey, pkcs11.MultipleObjectsReturned):
                self._session = None
                raise RootKeyAway("the token holds no such root key") from None
            return use(self._key)

    def _open(self, *, writable: bool) -> Any:
        """Open a session in a library begun anew: a token that came back, or a fork, is not seen otherwise."""
        pkcs11 = _library()
        try:
            pin = self._pin()
            library = pkcs11.lib(str(self._module))
            _beginnings[0] += 1
            self._pid, self._beginning = os.getpid(), _beginnings[0]
            library.reinitialize()
            return library.get_token(token_label=self._token).open(user_pin=pin, rw=writable)
        except pkcs11.PinIncorrect:
            self._session = self._key = None
            _refused_pins.add(self._pin_stamp())
            raise RootKeyAway("the token refuses the PIN") from None
        except (pkcs11.PKCS11Error, RuntimeError, OSError):
            self._session = self._key = None
            raise RootKeyAway("the token cannot be opened") from None

    def _pin(self) -> str:
        if self._pin_stamp() in _refused_pins:
            raise RootKeyAway("the token refuses the PIN")
        return self._pin_file.read_text().strip()

    def _pin_stamp(self) -> tuple[str, str, int]:
        """A PIN file as it is now: tried no more once it was refused, because tokens lock themselves after a few wrong ones."""
        return self._token, str(self._pin_file), self._pin_file.stat().st_mtime_ns

    def _forget(self) -> None:
        with _one_at_a_time:
            self._session = self._key = None


def _library() -> ModuleType:
    """The optional library, imported at its first use."""
    try:
        return importlib.import_module("pkcs11")
    except ImportError:
        raise RootKeyAway("python-pkcs11 is not installed") from None
