"""What every root key provider can do. There is no call that returns a root key: some of them cannot, and none needs to."""

from typing import Protocol

from kmf.crypto.secret_bytes import SecretBytes

ID_LENGTH = 22  # characters


class RootKey(Protocol):
    """A root key that seals and opens day keys, wherever it is."""

    @property
    def id(self) -> str:
        """Name of the key, 22 characters of base64url: no secret.

        Raises:
            RootKeyAway: it cannot be told without the key, and that is away.

        """

    def seal_day_key(self, day_key: SecretBytes, *, data: bytes) -> bytes:
        """``nonce(12) ‖ ciphertext ‖ tag(16)``, AES-256-GCM with ``data`` as associated data.

        Raises:
            RootKeyAway: the provider does not answer.

        """

    def unseal_day_key(self, sealed: bytes, *, data: bytes) -> SecretBytes:
        """The day key that was sealed under the same data.

        Raises:
            RootKeyAway: the provider does not answer.
            RootKeyWrong: another key, other data or changed bytes.

        """
