"""Page of the auth origin where an administrator enrols room systems and services, and revokes their keys."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from kmf.authorization.authorize import ACTION_MAX_AGE
from kmf.authorization.enrolment import enrol, enrolled, read_enrolment, revoke_key
from kmf.authorization.errors import EnrolmentRefused, NoSuchGrant
from kmf.authorization.models import Account
from kmf.authorization.sign_in import sign_in_of

View = Callable[..., HttpResponse]
_FIELDS = ("address", "name", "kind", "key")


def _for_administrator(view: View) -> View:
    """Give ``view`` the administrator who is signed in; to everybody else there is no such page."""

    @login_required(login_url="/sign-in")
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        account = request.user
        if not isinstance(account, Account) or not account.is_staff:
            raise Http404
        return view(request, account, *args, **kwargs)

    return guarded


@require_http_methods(["GET", "POST"])
@never_cache
@_for_administrator
def rooms(request: HttpRequest, account: Account) -> HttpResponse:
    """Show the organisation's devices; enrol one, under a sign-in of the last ten minutes."""
    if request.method == "GET":
        return _page(request, account)
    now = timezone.now()
    if not -ACTION_MAX_AGE < now - sign_in_of(request, account).at <= ACTION_MAX_AGE:
        return redirect_to_login(reverse("rooms"), reverse("account_reauthenticate"))
    typed = {name: request.POST.get(name, "") for name in _FIELDS}
    try:
        device = enrol(read_enrolment(**typed), organisation=account.organisation, by=account.email, now=now)
    except EnrolmentRefused as refusal:
        return _page(request, account, typed=typed, refusal=refusal)
    return redirect(f"{reverse('rooms')}?enrolled={device.pk}")


@require_POST
@_for_administrator
def revoke(_request: HttpRequest, account: Account, kid: str) -> HttpResponse:
    """Revoke a key. No young sign-in is asked: to end something is never to be put off."""
    try:
        revoke_key(kid, organisation=account.organisation, by=account.email, now=timezone.now())
    except NoSuchGrant:
        raise Http404 from None
    return redirect("rooms")


def _page(
    request: HttpRequest, account: Account, *, typed: dict[str, str] | None = None, refusal: EnrolmentRefused | None = None
) -> HttpResponse:
    context = {
        "organisation": account.organisation,
        "devices": enrolled(account.organisation),
        "typed": typed or {"kind": Account.Kind.ROOM},
        "refusal": refusal,
        "enrolled": request.GET.get("enrolled", ""),
    }
    return render(request, "authorization/rooms.html", context, status=422 if refusal else 200)
