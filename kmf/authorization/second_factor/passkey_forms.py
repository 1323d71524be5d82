"""Forms that take what a passkey signed. They replace allauth's of the same names (``MFA_FORMS``).

Spec: WebAuthn level 2 sections 7.1 and 7.2.
"""

import json
from contextlib import suppress
from typing import Any

from allauth.core import context
from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn import forms as allauth_forms
from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils import timezone

from kmf.authorization import limits
from kmf.authorization.addresses import client_network
from kmf.authorization.errors import TooManyAttempts
from kmf.authorization.sign_in import record_refusal, refuse_too_many
from protocol import base64url
from protocol.errors import Malformed

_CREDENTIAL_MAX = 16 * 1024  # characters
_NAME_MAX = 60
# What allauth and the library raise for input that is not of the form that they expect.
_UNEXPECTED = (ValueError, TypeError, KeyError, AttributeError, AssertionError)


class _Signed(allauth_forms.AuthenticateWebAuthnForm):  # type: ignore[misc]  # allauth is untyped
    credential = forms.JSONField(error_messages=dict.fromkeys(("required", "invalid"), "The passkey did not answer."))

    def clean_credential(self) -> Authenticator:
        """Verify the signature; what is wrong is counted by address, and audited."""
        address = client_network(context.request)
        email = self.user.email if self.user is not None else ""
        try:
            limits.count(limits.WRONG_SIGN_INS, address, now=timezone.now())
        except TooManyAttempts as refusal:
            refuse_too_many(context.request, email, refusal)
        try:
            check_origin(self.cleaned_data["credential"])
            authenticator: Authenticator = super().clean_credential()
        except (ValidationError, *_UNEXPECTED):
            record_refusal(email, "wrong passkey")
            raise get_adapter().validation_error("incorrect_code") from None
        limits.uncount(limits.WRONG_SIGN_INS, address)
        return authenticator


class AuthenticateForm(_Signed):
    """After a password."""


class SignInForm(_Signed):
    """By a passkey alone."""

    passwordless = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, user=None, **kwargs)


class ReauthenticateForm(_Signed):
    """Confirming who one is."""

    reauthenticated = True


class AddForm(allauth_forms.SignupWebAuthnForm):  # type: ignore[misc]  # allauth is untyped
    """Adding a passkey: one that the browser can find by itself, and that asks for its owner."""

    name = forms.CharField(max_length=_NAME_MAX, required=False)

    def clean(self) -> dict[str, Any]:
        """Verify what the passkey made."""
        try:
            if "credential" in self.cleaned_data:
                check_origin(self.cleaned_data["credential"])
            cleaned: dict[str, Any] = super().clean()
        except (ValidationError, *_UNEXPECTED):
            raise ValidationError("This passkey could not be added. Please try again.") from None
        return cleaned


def check_origin(credential: Any) -> None:
    """Check that a browser made ``credential`` for a page of exactly this origin, at top level.

    The library takes every port and every subdomain of the relying party.

    Raises:
        ValidationError: another origin, or not of the form.

    """
    origin, is_framed = None, True
    with suppress(*_UNEXPECTED, Malformed):
        if len(json.dumps(credential)) <= _CREDENTIAL_MAX:
            client_data = json.loads(base64url.decode(credential["response"]["clientDataJSON"]))
            origin, is_framed = client_data["origin"], client_data.get("crossOrigin", False)
    if origin != settings.ORIGINS.auth or is_framed is not False:
        raise ValidationError("passkey of another origin")
