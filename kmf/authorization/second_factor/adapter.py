"""What allauth's second factors ask this installation: names, the relying party, and how secrets lie in the database.

Spec: WebAuthn level 2 section 5.1.2; RFC 6238.
"""

from typing import Any
from urllib.parse import urlsplit

from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from kmf.authorization.models import Account
from kmf.crypto.labels import SECOND_FACTOR
from kmf.crypto.seal import KEY_BYTES, associated_data, seal, unseal
from kmf.crypto.secret_bytes import SecretBytes
from protocol import base64url

_NAME = "Conclave"


class SecondFactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]  # allauth is untyped
    """Answers of this installation."""

    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": "This code is not right, or was used already.",
    }

    def get_totp_issuer(self) -> str:
        """Name beside the codes in an authenticator app."""
        return _NAME

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        """Passkeys are bound to the auth origin's host and work nowhere else, whatever host a request names."""
        return {"id": urlsplit(settings.ORIGINS.auth).hostname or "", "name": _NAME}

    def generate_authenticator_name(self, user: Account, type: Authenticator.Type) -> str:  # noqa: A002  allauth's name
        """Name that a new passkey has until its owner writes another."""
        held = Authenticator.objects.filter(user_id=user.pk, type=type).count()
        return "Passkey" if held == 0 else f"Passkey {held + 1}"

    def encrypt(self, text: str) -> str:
        """Seal a secret: whoever reads the database alone makes no codes with it."""
        return base64url.encode(seal(_key(), SecretBytes(text.encode()), data=_data()))

    def decrypt(self, encrypted_text: str) -> str:
        """Open what ``encrypt`` sealed.

        Raises:
            KMFUnavailable: it was sealed under another ``SECRET_KEY``, or changed.

        """
        sealed = base64url.decode(encrypted_text)
        return unseal(_key(), sealed, data=_data()).expose().decode()

    def send_notification_mail(self, *_args: Any, **_kwargs: Any) -> None:
        """None of allauth's: ours are in ``kmf.authorization.second_factor.notices``."""


def _key() -> SecretBytes:
    derived = HKDF(hashes.SHA256(), KEY_BYTES, salt=None, info=SECOND_FACTOR).derive(settings.SECRET_KEY.encode())
    return SecretBytes(derived)


def _data() -> bytes:
    return associated_data(purpose="second factor", owner="")
