"""``/set-password``: whoever holds a link writes the password of its account. Looking at the link uses nothing up."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from kmf.authorization import limits
from kmf.authorization.accounts import password_link
from kmf.authorization.addresses import client_network
from kmf.authorization.errors import AccountRefused, TooManyAttempts
from kmf.authorization.sign_in import record_refusal_at, refuse_too_many

_LINK = "password_link"  # session entry: checksum of the link that this browser opened
_LONGEST_LINK = 200  # characters
_GONE, _UNUSABLE = 410, 422


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def set_password(request: HttpRequest) -> HttpResponse:
    """Take the link out of the address, show the form, take the password."""
    if request.method == "POST":
        return _take(request)
    try:
        if "link" in request.GET:
            checksum = password_link.checksum(request.GET["link"][:_LONGEST_LINK])
            password_link.account_of_link(checksum, now=timezone.now())
            request.session[_LINK] = checksum
            return redirect("set_password")
        return _form(request)
    except AccountRefused as refusal:
        return _over(request, refusal)


def _take(request: HttpRequest) -> HttpResponse:
    checksum = request.session.get(_LINK, "")
    try:
        password_link.set_password(checksum, password=request.POST.get("password", ""), now=timezone.now())
    except AccountRefused as refusal:
        return _form(request, refusal) if refusal.code == "weak_password" else _over(request, refusal)
    request.session.pop(_LINK, None)
    return redirect("/sign-in?password_set=1")


def _form(request: HttpRequest, refusal: AccountRefused | None = None) -> HttpResponse:
    account = password_link.account_of_link(request.session.get(_LINK, ""), now=timezone.now())
    context = {"address": account.email, "refusal": refusal}
    return render(request, "authorization/set_password.html", context, status=_UNUSABLE if refusal else 200)


def _over(request: HttpRequest, refusal: AccountRefused) -> HttpResponse:
    """Say so, and what to do. Whoever tries links is slowed like whoever tries passwords."""
    try:
        limits.count(limits.WRONG_SIGN_INS, client_network(request), now=timezone.now())
    except TooManyAttempts as too_many:
        refuse_too_many(request, "", too_many)
    record_refusal_at("password_link", refusal.code)
    return render(request, "authorization/link_over.html", status=_GONE)
