"""Forms that take a code. They replace allauth's of the same names (``MFA_FORMS``)."""

from typing import Any

from allauth.core import context
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base.internal.flows import post_authentication
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp
from django import forms
from django.utils import timezone

from kmf.authorization import limits
from kmf.authorization.errors import TooManyAttempts, WrongCode
from kmf.authorization.models import Account
from kmf.authorization.second_factor.codes import step_of, use_code
from kmf.authorization.sign_in import record_refusal, refuse_too_many

_ENROLLED = "second_factor_enrolled"  # session entry: the sealed secret of an app that is being added


class _CodeForm(forms.Form):
    code = forms.CharField(max_length=40, error_messages={"required": "Type the code."})

    def __init__(self, *args: Any, user: Account, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user


class AuthenticateForm(_CodeForm):
    """After a password."""

    reauthenticated = False

    def clean_code(self) -> str:
        """Use the code up; what is wrong is audited."""
        code: str = self.cleaned_data["code"]
        try:
            self.authenticator: Authenticator = use_code(self.user, code, now=timezone.now())
        except WrongCode as refusal:
            record_refusal(self.user.email, refusal.reason)
            raise get_adapter().validation_error("incorrect_code") from None
        except TooManyAttempts as refusal:
            refuse_too_many(context.request, self.user.email, refusal)
        return code

    def save(self) -> None:
        """Write it down in the session."""
        post_authentication(context.request, self.authenticator, reauthenticated=self.reauthenticated)


class ReauthenticateForm(AuthenticateForm):
    """Confirming who one is."""

    reauthenticated = True


class ActivateTOTPForm(_CodeForm):
    """Adding an app: its first code shows that it holds the secret. ``secret`` is base32, new with each page."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        session = context.request.session
        if not self.is_bound or _ENROLLED not in session:
            session[_ENROLLED] = get_adapter().encrypt(totp.generate_totp_secret())
        self.secret: str = get_adapter().decrypt(session[_ENROLLED])

    def clean_code(self) -> str:
        """Find the code to be one of now."""
        code: str = self.cleaned_data["code"]
        now = timezone.now()
        try:
            limits.count(limits.WRONG_CODES, self.user.pk, now=now)
        except TooManyAttempts as refusal:
            refuse_too_many(context.request, self.user.email, refusal)
        step = step_of(self.secret, "".join(code.split()), now=now)
        if step is None:
            raise get_adapter().validation_error("incorrect_code")
        limits.uncount(limits.WRONG_CODES, self.user.pk)
        self.step = step
        return code

    def forget(self) -> None:
        """The secret is the account's now, and the session's no more."""
        context.request.session.pop(_ENROLLED, None)
