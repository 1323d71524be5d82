"""``/sign-in/code``: ask for a code; ``/sign-in/code/enter``: type it."""

import secrets

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.login import perform_login, record_authentication
from allauth.account.models import Login
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from kmf.authorization.addresses import client_network
from kmf.authorization.errors import TooManyAttempts, WrongCode
from kmf.authorization.guests.codes import ask, use_code
from kmf.authorization.sign_in import record_refusal, refuse_too_many

_ASKED = "guest_code"  # session entry: address and ticket of the code that was asked for
_ADDRESS_MAX = 254


def _next(request: HttpRequest) -> str:
    path = request.POST.get("next") or request.GET.get("next") or ""
    return path if get_adapter().is_safe_url(path) else ""


def _check_is_offered() -> None:
    if not any(method.name == "email_code" for method in settings.SIGN_IN_METHODS):
        raise Http404


@require_http_methods(["GET", "POST"])
@never_cache
def ask_for_code(request: HttpRequest) -> HttpResponse:
    """Take an address; the answer is the same whether it is invited or not."""
    _check_is_offered()
    context = {"next": _next(request), "address": request.POST.get("address", "").strip()}
    if request.method == "GET":
        return render(request, "guests/ask.html", context)
    address = context["address"].lower()
    try:
        if len(address) > _ADDRESS_MAX:
            raise ValidationError("too long")  # noqa: TRY301  one answer for both
        validate_email(address)
    except ValidationError:
        return render(request, "guests/ask.html", {**context, "error": "Write the address that was invited."}, status=422)
    ticket = secrets.token_urlsafe(32)
    try:
        ask(address, ticket=ticket, client=client_network(request), now=timezone.now())
    except TooManyAttempts as refusal:
        refuse_too_many(request, "", refusal)
    request.session[_ASKED] = {"address": address, "ticket": ticket}
    return redirect(f"/sign-in/code/enter?{urlencode({'next': context['next']})}")


@require_http_methods(["GET", "POST"])
@never_cache
def enter_code(request: HttpRequest) -> HttpResponse:
    """Take the code."""
    _check_is_offered()
    asked = request.session.get(_ASKED)
    if asked is None:
        return redirect("/sign-in/code")
    context = {"next": _next(request), "address": asked["address"]}
    if request.method == "GET":
        return render(request, "guests/enter.html", context)
    try:
        account = use_code(asked["ticket"], request.POST.get("code", "")[:40], now=timezone.now())
    except WrongCode as refusal:
        record_refusal(asked["address"], refusal.reason)
        error = "This code is not right, was used, or is over. Five tries are good for one code."
        return render(request, "guests/enter.html", {**context, "error": error}, status=422)
    del request.session[_ASKED]
    if request.user.is_authenticated and request.user != account:
        get_adapter().logout(request)
    record_authentication(request, account, "email_code")
    response: HttpResponse = perform_login(request, Login(user=account, redirect_url=context["next"] or None))
    return response
