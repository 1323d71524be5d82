"""``/sign-in``, ``/signed-in`` and ``/sign-out`` of the core application."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from conferences.sign_in import pending
from conferences.sign_in.back_channel import exchange_code
from conferences.sign_in.errors import NotOurs, Refused, SignInError, Unavailable
from conferences.sign_in.freshness import VERIFIED_AT
from protocol.access_token import AccessToken
from protocol.words import CLIENT_CORE

# Error, then status, title, advice.
_PAGES: dict[type[SignInError], tuple[int, str, str]] = {
    NotOurs: (400, "This sign-in is over", "It was begun in another browser, too long ago, or is finished already."),
    Refused: (403, "You are not signed in", "The sign-in was not confirmed. Nothing was opened."),
    Unavailable: (503, "Sign-in is away for the moment", "Conferences that are running go on. Try again in a minute."),
}


@require_GET
@never_cache
def sign_in(request: HttpRequest) -> HttpResponse:
    """Send the browser to the authorization server."""
    url = pending.begin(request.session, next_path=request.GET.get("next", "/"), now=timezone.now())
    return HttpResponseRedirect(url)


@require_GET
@never_cache
def signed_in(request: HttpRequest) -> HttpResponse:
    """Take the authorization server's answer and open the session."""
    now = timezone.now()
    try:
        begun = pending.take(request.session, state=request.GET.get("state", ""), now=now)
        token = exchange_code(_read_code(request), begun, now=now)
        request.session["identity"] = identity_of(token)
        request.session[VERIFIED_AT] = now.timestamp()
    except SignInError as error:
        status, title, advice = _PAGES[type(error)]
        return render(request, "sign_in/failed.html", {"title": title, "advice": advice}, status=status)
    request.session.cycle_key()
    return HttpResponseRedirect(begun.next_path)


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End the session here, and offer to end that of the authorization server."""
    request.session.flush()
    return HttpResponseRedirect(f"{settings.ORIGINS.auth}/sign-out")


def _read_code(request: HttpRequest) -> str:
    if request.GET.get("iss") != settings.ORIGINS.auth:
        raise Refused("answer of another issuer")
    code = request.GET.get("code")
    if not code:
        raise Refused("answer without a code")
    return code


def identity_of(token: AccessToken) -> dict[str, object]:
    """What the session keeps of a sign-in token.

    Raises:
        Refused: the token was given to another client: token3 has the same audience, and signs nobody in.

    """
    if token.client_id != CLIENT_CORE:
        raise Refused("token of another client")
    claims = token.claims
    return {
        "subject": token.subject,
        "email": claims["email"],
        "name": claims["name"],
        "roles": list(claims["roles"]),
        "organisation": claims["organisation"],
    }
