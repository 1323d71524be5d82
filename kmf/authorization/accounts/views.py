"""``/accounts`` of the auth origin: an administrator looks after the accounts of his organisation, and switches them."""

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from kmf.authorization.accounts.switching import switch_by_administrator
from kmf.authorization.authorize import ACTION_MAX_AGE
from kmf.authorization.device_views import administered, for_account
from kmf.authorization.devices import ACCOUNTS_SHOWN, accounts_signed_in, devices_of
from kmf.authorization.errors import AccountRefused
from kmf.authorization.models import Account
from kmf.authorization.sign_in import sign_in_of

_LONGEST_SEARCH = 200  # characters


@require_safe
@never_cache
@for_account
def accounts(request: HttpRequest, account: Account) -> HttpResponse:
    """Accounts of the organisation, or those that a search finds."""
    search = request.GET.get("search", "").strip()[:_LONGEST_SEARCH]
    found = accounts_signed_in(account, search=search, now=timezone.now())
    context = {"accounts": found, "organisation": account.organisation, "search": search, "most": ACCOUNTS_SHOWN}
    return render(request, "authorization/accounts.html", context)


@require_safe
@never_cache
@for_account
def one_account(request: HttpRequest, account: Account, account_id: str) -> HttpResponse:
    """One account of the organisation: where it is signed in, and what ends that."""
    return _page(request, account, administered(account, account_id))


@require_POST
@for_account
def switch_off(request: HttpRequest, account: Account, account_id: str) -> HttpResponse:
    """Switch an account off. No young sign-in is asked: to end something is never to be put off."""
    found = administered(account, account_id)
    if request.POST.get("meant") != "yes":
        return _page(request, account, found, refusal=AccountRefused("not_meant", "Tick the box if you mean it."))
    return _switched(request, account, found, is_on=False)


@require_POST
@for_account
def switch_on(request: HttpRequest, account: Account, account_id: str) -> HttpResponse:
    """Switch an account on again, under a sign-in of the last ten minutes."""
    found = administered(account, account_id)
    if not -ACTION_MAX_AGE < timezone.now() - sign_in_of(request, account).at <= ACTION_MAX_AGE:
        return redirect_to_login(reverse("one_account", args=[found.pk]), reverse("account_reauthenticate"))
    return _switched(request, account, found, is_on=True)


def _switched(request: HttpRequest, account: Account, found: Account, *, is_on: bool) -> HttpResponse:
    try:
        switch_by_administrator(found, is_on=is_on, by=account, now=timezone.now())
    except AccountRefused as refusal:
        return _page(request, account, found, refusal=refusal)
    return redirect(f"{reverse('one_account', args=[found.pk])}?switched={'on' if is_on else 'off'}")


def _page(request: HttpRequest, account: Account, found: Account, *, refusal: AccountRefused | None = None) -> HttpResponse:
    context = {
        "account": found,
        "devices": devices_of(found, shown_to=account, now=timezone.now()),
        "refusal": refusal,
        "is_oneself": found == account,
        "switched": request.GET.get("switched", ""),
    }
    return render(request, "authorization/one_account.html", context, status=422 if refusal else 200)
