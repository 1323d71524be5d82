"""Pages of the auth origin where a person adds and removes second factors and passkeys, and signs in by them.

Adding and removing ask for a confirmation of the last five minutes (allauth's ``reauthentication_required``).
"""

import json
from typing import Any

from allauth.mfa.base.internal.flows import post_authentication
from allauth.mfa.base.views import AuthenticateView, ReauthenticateView
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.views import ActivateTOTPView
from allauth.mfa.webauthn.internal import auth as webauthn
from allauth.mfa.webauthn.views import AddWebAuthnView, LoginWebAuthnView, ReauthenticateWebAuthnView
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from kmf.authorization.models import Account
from kmf.authorization.second_factor import account as second_factor
from kmf.authorization.second_factor.guards import (
    MAILBOX_SHOWN_AT,
    confirmed_lately,
    mailbox_shown,
    next_path,
    person_of,
    with_query,
)


class SignInByPasskey(LoginWebAuthnView):  # type: ignore[misc]  # allauth is untyped
    """GET by script: what the passkey is to sign. POST: what it signed."""

    def form_invalid(self, _form: Any) -> HttpResponse:
        """Back to the sign-in page, which says so."""
        return redirect(with_query("/sign-in", passkey="failed", next=next_path(self.request)))


class SecondFactor(AuthenticateView):  # type: ignore[misc]
    """The second step of a sign-in by password."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """What the page shows: a code, a passkey, or both."""
        context: dict[str, Any] = super().get_context_data(**kwargs)
        held = second_factor.held_by(self.stage.login.user)
        return {**context, **_options(context), "held": held, "account": self.stage.login.user}


class ConfirmByCode(ReauthenticateView):  # type: ignore[misc]
    """Confirming who one is by a code."""


class ConfirmByPasskey(ReauthenticateWebAuthnView):  # type: ignore[misc]
    """Confirming who one is by a passkey."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """What the passkey is to sign."""
        context: dict[str, Any] = super().get_context_data(**kwargs)
        return {**context, **_options(context)}

    def form_invalid(self, _form: Any) -> HttpResponse:
        """The same page, which says so."""
        return redirect(with_query(self.request.path, passkey="failed", next=next_path(self.request)))


def _options(context: dict[str, Any]) -> dict[str, str]:
    return {"passkey_options": json.dumps(context["js_data"]["request_options"])} if "js_data" in context else {}


class AddApp(ActivateTOTPView):  # type: ignore[misc]
    """Adding an authenticator app; one at most."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Whoever has one is sent to what he has."""
        if second_factor.held_by(person_of(request)).app is not None:
            return redirect("account")
        return super().dispatch(request, *args, **kwargs)  # type: ignore[no-any-return]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """The secret in groups of four, for whoever types it."""
        context: dict[str, Any] = super().get_context_data(**kwargs)
        secret = context["form"].secret
        groups = " ".join(secret[start : start + 4] for start in range(0, len(secret), 4))
        return {**context, "secret": groups, "next": next_path(self.request)}

    def form_valid(self, form: Any) -> HttpResponse:
        """Add it. Its first code counts as its first use: the sign-in has a second factor from now on."""
        account = person_of(self.request)
        row = second_factor.add_app(account, secret=form.secret, step=form.step, now=timezone.now())
        form.forget()
        post_authentication(self.request, row, reauthenticated=True)
        return _added(self.request, account)


class AddPasskey(AddWebAuthnView):  # type: ignore[misc]
    """Adding a passkey."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """What the passkey is to be: one that the browser finds by itself."""
        context: dict[str, Any] = super().get_context_data(**kwargs)
        options = webauthn.begin_registration(person_of(self.request), passwordless=True)
        failed = self.request.method == "POST"
        return {**context, "passkey_options": json.dumps(options), "failed": failed, "next": next_path(self.request)}

    def form_valid(self, form: Any) -> HttpResponse:
        """Add it. Making it was its first use: its owner was asked for."""
        account = person_of(self.request)
        data = form.cleaned_data
        row = second_factor.add_passkey(account, name=data["name"], credential=data["credential"], now=timezone.now())
        post_authentication(self.request, row, reauthenticated=True)
        return _added(self.request, account)


def _added(request: HttpRequest, account: Account) -> HttpResponse:
    """Recovery codes come with the first; then on, to where the person was going."""
    request.session.pop(MAILBOX_SHOWN_AT, None)
    held = second_factor.held_by(account)
    if held.recovery_codes is None and "recovery_codes" in settings.MFA_SUPPORTED_TYPES:
        return redirect(with_query("/second-factor/recovery-codes", first="1", next=next_path(request)))
    return HttpResponseRedirect(next_path(request) or "/?factor_added=1")


@require_http_methods(["GET", "POST"])
@confirmed_lately
def recovery_codes(request: HttpRequest) -> HttpResponse:
    """Make a list of recovery codes by POST, and show it, once."""
    account = person_of(request)
    held = second_factor.held_by(account)
    if not held.has_second_factor:
        raise Http404
    context: dict[str, Any] = {"next": next_path(request), "held": held}
    if request.method == "POST":
        context["codes"] = second_factor.make_recovery_codes(account, now=timezone.now())
    return render(request, "second_factor/recovery_codes.html", context)


@require_http_methods(["GET", "POST"])
@confirmed_lately
def remove(request: HttpRequest, factor_id: int) -> HttpResponse:
    """Ask, then remove an app or a passkey of one's own."""
    account = person_of(request)
    kinds = [Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]
    row = Authenticator.objects.filter(pk=factor_id, user=account, type__in=kinds).first()
    if row is None:
        raise Http404
    if request.method == "POST":
        second_factor.remove(row, account=account, now=timezone.now())
        return redirect("/?factor_removed=1")
    name = row.wrap().name if row.type == Authenticator.Type.WEBAUTHN else ""
    is_last = Authenticator.objects.filter(user=account, type__in=kinds).count() == 1
    return render(request, "second_factor/remove.html", {"name": name, "is_last": is_last})


_reads_and_takes = require_http_methods(["GET", "HEAD", "POST"])  # a form view of Django's takes PUT, too


def _page(view: Any) -> Any:
    return never_cache(_reads_and_takes(view))


def _adding(view: Any) -> Any:
    return _reads_and_takes(confirmed_lately(mailbox_shown(view)))


sign_in_by_passkey = _page(SignInByPasskey.as_view())
second_factor_step = _reads_and_takes(SecondFactor.as_view(template_name="second_factor/sign_in.html"))
confirm_by_code = _page(ConfirmByCode.as_view(template_name="second_factor/confirm_code.html"))
confirm_by_passkey = _page(ConfirmByPasskey.as_view(template_name="second_factor/confirm_passkey.html"))
add_app = _adding(AddApp.as_view(template_name="second_factor/add_app.html"))
add_passkey = _adding(AddPasskey.as_view(template_name="second_factor/add_passkey.html"))
