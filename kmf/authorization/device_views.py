"""Pages of the auth origin where people, and administrators for their organisation, end what is signed in."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from kmf.authorization.devices import account_of, end_account_everywhere, end_device
from kmf.authorization.errors import NoSuchGrant
from kmf.authorization.models import Account

View = Callable[..., HttpResponse]


def for_account(view: View) -> View:
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
@for_account
def end_own_device(_request: HttpRequest, account: Account, grant_id: int) -> HttpResponse:
    """End one endpoint of one's own."""
    end_device(account, grant_id, by=account, now=timezone.now())
    return redirect("/?device_ended=1")


@require_POST
@for_account
def end_device_of(_request: HttpRequest, account: Account, account_id: str, grant_id: int) -> HttpResponse:
    """End one endpoint of an account of the organisation."""
    found = administered(account, account_id)
    end_device(found, grant_id, by=account, now=timezone.now())
    return redirect("one_account", account_id=found.pk)


@require_POST
@for_account
def end_account(_request: HttpRequest, account: Account, account_id: str) -> HttpResponse:
    """Sign an account of the organisation out everywhere."""
    found = administered(account, account_id)
    end_account_everywhere(found, by=account, now=timezone.now())
    return redirect("one_account", account_id=found.pk)


def administered(account: Account, account_id: str) -> Account:
    """An account of the organisation that ``account`` is an administrator of.

    Raises:
        NoSuchGrant: there is none, or he is no administrator: one and the same.

    """
    if not account.is_staff:
        raise NoSuchGrant
    return account_of(account_id, by=account)
