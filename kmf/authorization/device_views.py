"""Pages of the auth origin where people, and administrators for their organisation, end what is signed in."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from kmf.authorization.devices import account_of, accounts_signed_in, devices_of, end_account_everywhere, end_device
from kmf.authorization.errors import NoSuchGrant
from kmf.authorization.models import Account

View = Callable[..., HttpResponse]


def _for_account(view: View) -> View:
    """Give ``view`` the account that is signed in; what it may not see is not there."""

    @login_required(login_url="/sign-in")
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        account = request.user
        if not isinstance(account, Account):
            raise Http404
        try:
            return view(request, account, *args, **kwargs)
        except NoSuchGrant:
            raise Http404 from None

    return guarded


@require_POST
@_for_account
def end_own_device(_request: HttpRequest, account: Account, grant_id: int) -> HttpResponse:
    """End one endpoint of one's own."""
    end_device(account, grant_id, by=account, now=timezone.now())
    return redirect("/?device_ended=1")


@require_safe
@never_cache
@_for_account
def accounts(request: HttpRequest, account: Account) -> HttpResponse:
    """Accounts of the organisation, for its administrator."""
    found = accounts_signed_in(account, now=timezone.now())
    return render(request, "authorization/accounts.html", {"accounts": found, "organisation": account.organisation})


@require_safe
@never_cache
@_for_account
def one_account(request: HttpRequest, account: Account, account_id: str) -> HttpResponse:
    """Where one account of the organisation is signed in."""
    found = _administered(account, account_id)
    context = {"account": found, "devices": devices_of(found, shown_to=account, now=timezone.now())}
    return render(request, "authorization/one_account.html", context)


@require_POST
@_for_account
def end_device_of(_request: HttpRequest, account: Account, account_id: str, grant_id: int) -> HttpResponse:
    """End one endpoint of an account of the organisation."""
    found = _administered(account, account_id)
    end_device(found, grant_id, by=account, now=timezone.now())
    return redirect("one_account", account_id=found.pk)


@require_POST
@_for_account
def end_account(_request: HttpRequest, account: Account, account_id: str) -> HttpResponse:
    """Sign an account of the organisation out everywhere."""
    found = _administered(account, account_id)
    end_account_everywhere(found, by=account, now=timezone.now())
    return redirect("one_account", account_id=found.pk)


def _administered(account: Account, account_id: str) -> Account:
    if not account.is_staff:
        raise NoSuchGrant
    return account_of(account_id, by=account)
