"""Sign-in by django-allauth, with this module's rules: no sign-up, local targets only, every attempt audited."""

from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, NoReturn

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.authentication import get_authentication_records
from allauth.core.exceptions import ImmediateHttpResponse
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme

from conferences.models import Organisation
from conferences.services import audit
from kmf.authorization import limits
from kmf.authorization.addresses import client_network
from kmf.authorization.attempts import counted_as, make_known
from kmf.authorization.authorize import SignIn
from kmf.authorization.company.linking import company_of
from kmf.authorization.company.sessions import RECORD
from kmf.authorization.errors import TooManyAttempts
from kmf.authorization.limits import Limit
from kmf.authorization.methods.chosen import judge
from kmf.authorization.models import Account

_CONFIRM_WORDS = {
    "reauthenticate": "Use your password",
    "mfa_reauthenticate": "Use a code",
    "mfa_reauthenticate:webauthn": "Use a passkey",
}
_NEVER = datetime.fromtimestamp(0, tz=UTC)


def sign_in_of(request: HttpRequest, account: Account) -> SignIn:
    """When, how and how strongly the session's account signed in last. Of a session that does not say it, no sign-in is young."""
    records = get_authentication_records(request, account)
    methods, strength = judge(records, settings.SIGN_IN_METHODS)
    # Where somebody else asked the person, it was when they say, not when their answer came.
    times = [min(entry["at"], entry.get("signed_in_at", entry["at"])) for entry in records]
    at = max((datetime.fromtimestamp(time, tz=UTC) for time in times), default=_NEVER)
    company_sessions = [entry[RECORD] for entry in records if entry.get(RECORD)]
    return SignIn(at=at, methods=methods, strength=strength, company_session=(company_sessions or [""])[-1])


def _takes_passwords() -> bool:
    return any(method.name == "password" for method in settings.SIGN_IN_METHODS)


def refuse_too_many(request: HttpRequest, email: str, refusal: TooManyAttempts) -> NoReturn:
    """Answer 429, and audit it once a window.

    Raises:
        ImmediateHttpResponse: always; allauth's middleware answers it.

    """
    with suppress(TooManyAttempts):
        limits.count(limits.SIGN_IN_LIMIT_AUDITED, client_network(request), now=timezone.now())
        record_refusal(email, "too many attempts")
    page = render(request, "429.html", {"retry_after_s": refusal.retry_after_s}, status=429)
    page["Retry-After"] = str(refusal.retry_after_s)
    raise ImmediateHttpResponse(page) from None


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth is untyped
    """What allauth asks this installation."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "email_password_mismatch": "Address and password do not belong together.",
    }

    def is_open_for_signup(self, _request: HttpRequest) -> bool:
        """Accounts come from the organisation."""
        return False

    def is_safe_url(self, url: str) -> bool:
        """Paths of the sign-in origin only."""
        return url.startswith("/") and url_has_allowed_host_and_scheme(url, allowed_hosts=None)

    def get_reauthentication_methods(self, user: Account) -> list[dict[str, Any]]:
        """Ways to confirm who one is; also that of the company, where it knows the account."""
        methods: list[dict[str, Any]] = super().get_reauthentication_methods(user)
        methods = [method | {"description": _CONFIRM_WORDS[method["id"]]} for method in methods]
        if not _takes_passwords():
            methods = [method for method in methods if method["id"] != "reauthenticate"]
        if user.is_authenticated and (provider := company_of(user)) is not None:
            methods.append({"id": "company", "description": f"Use {provider.words}", "url": provider.confirm_path})
        return methods

    def add_message(self, *_args: Any, **_kwargs: Any) -> None:
        """Pages say what happened themselves."""

    def authenticate(self, request: HttpRequest, **credentials: Any) -> Account | None:
        """Count first, so that guesses at once are counted too; what goes right is taken back."""
        if not _takes_passwords():
            return None
        counted = self._count(request, credentials.get("email", ""))
        account: Account | None = super().authenticate(request, **credentials)
        if account is not None:
            for limit, whom in counted:
                limits.uncount(limit, whom)
        return account

    def pre_authenticate(self, _request: HttpRequest, **_credentials: Any) -> None:
        """Nothing: allauth counts in the process."""

    def _count(self, request: HttpRequest, email: str) -> list[tuple[Limit, str]]:
        """Count an attempt against whom ``kmf.authorization.attempts`` names: another's wrong guesses keep nobody out."""
        now, counted = timezone.now(), counted_as(request, email)
        try:
            for limit, whom in counted:
                limits.count(limit, whom, now=now)
        except TooManyAttempts as refusal:
            refuse_too_many(request, email, refusal)
        return counted

    def authentication_failed(self, _request: HttpRequest, **credentials: Any) -> None:
        """Audit; the address that was typed is named only where it is an account's, for it may be a mistyped password."""
        record_refusal(credentials.get("email", ""), "wrong password")

    def respond_user_inactive(self, request: HttpRequest, user: Account) -> HttpResponse:
        """Audit and show the page that says so; reached only with the right password."""
        record_refusal(user.email, "account is not active")
        response: HttpResponse = super().respond_user_inactive(request, user)
        return response

    def post_login(self, request: HttpRequest, user: Account, **details: Any) -> HttpResponse:
        """Go on to where the person wanted to be; the browser is known from now on."""
        response: HttpResponse = super().post_login(request, user, **details)
        make_known(request, response, user.email)
        return response

    @transaction.atomic
    def login(self, request: HttpRequest, user: Account) -> None:
        """Open the session under a new key, and audit it in the same transaction."""
        super().login(request, user)
        sign_in = sign_in_of(request, user)
        details = {"methods": list(sign_in.methods), "acr": sign_in.strength.acr}
        _record("account.signed_in", user.email, user.organisation, details)

    @transaction.atomic
    def logout(self, request: HttpRequest) -> None:
        """End the session."""
        account = request.user
        if isinstance(account, Account):
            _record("account.signed_out", account.email, account.organisation, {})
        super().logout(request)


def record_refusal(email: str, reason: str) -> None:
    """Audit a sign-in that was refused; ``email`` is named only where it is an account's."""
    account = Account.objects.select_related("organisation").filter(email=email.strip().lower()).first()
    with transaction.atomic():
        if account is None:
            _record("account.sign_in_refused", "unknown", None, {"reason": "unknown account"})
        else:
            _record("account.sign_in_refused", account.email, account.organisation, {"reason": reason})


def record_refusal_at(provider: str, reason: str) -> None:
    """Audit a sign-in by a company's ``provider`` that was refused, before it is known whose it is."""
    with transaction.atomic():
        _record("account.sign_in_refused", "unknown", None, {"provider": provider, "reason": reason})


def _record(event: str, actor: str, organisation: Organisation | None, details: dict[str, Any]) -> None:
    audit.record(event=event, at=timezone.now(), actor=actor, organisation=organisation, details=details)
