"""Who may change how an account signs in: its person, who confirmed lately, and before the first second factor by mail, too."""

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any, TypeVar, cast

from allauth.account.adapter import get_adapter
from allauth.account.decorators import reauthentication_required
from allauth.account.internal.flows.reauthentication import get_reauthentication_flows
from allauth.core.exceptions import ReauthenticationRequired
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache

from kmf.authorization.models import Account
from kmf.authorization.second_factor.account import held_by
from kmf.authorization.sign_in import sign_in_of
from protocol.sign_in import Strength

CONFIRMED_WITHIN = timedelta(minutes=5)
MAILBOX_SHOWN_WITHIN = timedelta(minutes=10)
MAILBOX_SHOWN_AT = "mailbox_shown_at"  # session entry: seconds since 1970
_View = TypeVar("_View", bound=Callable[..., HttpResponseBase])


def confirmed_lately(view: _View) -> _View:
    """Let nobody in who has not confirmed within five minutes who he is."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        # allauth lets those by who have neither password nor second factor: their company confirms who they are.
        sign_in = sign_in_of(request, person_of(request))
        if not get_reauthentication_flows(request.user) and timezone.now() - sign_in.at > CONFIRMED_WITHIN:
            if not get_adapter().get_reauthentication_methods(request.user):
                raise Http404  # nothing to confirm with: nothing to add either
            raise ReauthenticationRequired
        return view(request, *args, **kwargs)

    return cast("_View", never_cache(login_required(login_url="/sign-in")(_asked_again(guarded))))


def mailbox_shown(view: _View) -> _View:
    """Let nobody add the first second factor with the first factor alone: he shows that he reads the account's mail."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if _needs_mailbox(request, person_of(request)):
            return redirect(with_query("/second-factor/mail", next=with_query(request.path, next=next_path(request))))
        return view(request, *args, **kwargs)

    return cast("_View", guarded)


def _needs_mailbox(request: HttpRequest, account: Account) -> bool:
    if held_by(account).has_second_factor or sign_in_of(request, account).strength >= Strength.SECOND_FACTOR:
        return False
    shown_ago_s = timezone.now().timestamp() - request.session.get(MAILBOX_SHOWN_AT, 0)
    return not 0 <= shown_ago_s <= MAILBOX_SHOWN_WITHIN.total_seconds()


def _asked_again(view: Callable[..., HttpResponseBase]) -> Any:
    return reauthentication_required(app="allauth.mfa")(view)


def person_of(request: HttpRequest) -> Account:
    """The person who is signed in.

    Raises:
        Http404: nobody, or a guest: he has his mailbox, and nothing here.

    """
    if not isinstance(request.user, Account) or request.user.is_guest:
        raise Http404
    return request.user


def next_path(request: HttpRequest) -> str:
    """Where the person was on his way to, when he found that he needs a second factor."""
    path = request.POST.get("next") or request.GET.get("next") or ""
    return path if get_adapter().is_safe_url(path) else ""


def with_query(path: str, **query: str) -> str:
    """``path`` with those parts of the query that are not empty."""
    given = {name: value for name, value in query.items() if value}
    return f"{path}?{urlencode(given)}" if given else path
