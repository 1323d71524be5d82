"""The session of somebody whom the company's provider has just named: opened, or confirmed."""

from datetime import datetime, timedelta
from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.login import perform_login, record_authentication
from allauth.account.models import Login
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from kmf.authorization.company.claims import CompanyClaims
from kmf.authorization.company.company import Company
from kmf.authorization.models import Account

_CONFIRMED_WITHIN = timedelta(minutes=5)


def record_of(provider: Company, claims: CompanyClaims, *, now: datetime) -> dict[str, Any]:
    """What the session keeps of a sign-in: it was when they say, not when their answer came."""
    is_confirmed = abs(now - claims.signed_in_at) < _CONFIRMED_WITHIN
    return {
        "provider": provider.name,
        "signed_in_at": claims.signed_in_at.timestamp(),
        "amr": list(claims.amr),
        "reauthenticated": True if is_confirmed else None,
    }


def open_session(
    request: HttpRequest, account: Account, *, method: str, record: dict[str, Any], next_path: str | None
) -> HttpResponse:
    """Sign ``account`` in, and whoever else was signed in in this browser out.

    Args:
        request: of the browser that asked the provider.
        account: whom the provider named.
        method: name of the sign-in method.
        record: of ``record_of``.
        next_path: where the person was on his way to.

    """
    if request.user == account:
        record_authentication(request, account, method, **record)
        return HttpResponseRedirect(next_path or "/")
    if request.user.is_authenticated:
        get_adapter().logout(request)
    record_authentication(request, account, method, **record)
    response: HttpResponse = perform_login(request, Login(user=account, redirect_url=next_path))
    return response
