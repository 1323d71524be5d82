"""``/sign-in``, ``/signed-in`` and ``/sign-out`` of the core application."""

from datetime import datetime

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from conferences.errors import ConferencesError
from conferences.identity import session_identity
from conferences.sign_in import pending
from conferences.sign_in.back_channel import exchange_code
from conferences.sign_in.confirmed import invite_confirmed
from conferences.sign_in.errors import NotOurs, Refused, SignInError, Unavailable
from conferences.sign_in.freshness import VERIFIED_AT
from conferences.sign_in.pending import TYPED, Pending
from conferences.views.refusal_words import REFUSAL_WORDS
from protocol.access_token import AccessToken
from protocol.words import CLIENT_CORE

# Error, then status, title, advice.
_PAGES: dict[type[SignInError], tuple[int, str, str]] = {
    NotOurs: (400, "This sign-in is over", "It was begun in another browser, too long ago, or is finished already."),
    Refused: (403, "You are not signed in", "The sign-in was not confirmed. Nothing was opened."),
    Unavailable: (503, "Sign-in is away for the moment", "Conferences that are running go on. Try again in a minute."),
}
_NOT_CONFIRMED = "The invitation was not confirmed. Nobody was invited."


@require_GET
@never_cache
def sign_in(request: HttpRequest) -> HttpResponse:
    """Send the browser to the authorization server."""
    url = pending.begin(request.session, next_path=request.GET.get("next", "/"), now=timezone.now())
    return HttpResponseRedirect(url)


@require_GET
@never_cache
def signed_in(request: HttpRequest) -> HttpResponse:
    """Take the authorization server's answer: open the session, and do what was confirmed there, if something was."""
    now = timezone.now()
    begun: Pending | None = None
    try:
        begun = pending.take(request.session, state=request.GET.get("state", ""), now=now)
        token = exchange_code(_read_code(request), begun, now=now)
        if begun.wanted is not None and token.subject != begun.wanted.subject:
            raise Refused("another account confirmed")
        _sign_in(request, token, now)
        if begun.wanted is not None:
            _invite(request, begun.wanted, token, now)
    except SignInError as error:
        status, title, advice = _PAGES[type(error)]
        if begun is None or begun.wanted is None:
            return render(request, "sign_in/failed.html", {"title": title, "advice": advice}, status=status)
        _not_done(request, begun.wanted, _NOT_CONFIRMED if isinstance(error, Refused) else f"{title}. Nobody was invited.")
    request.session.cycle_key()
    return HttpResponseRedirect(begun.next_path)


def _sign_in(request: HttpRequest, token: AccessToken, now: datetime) -> None:
    request.session["identity"] = identity_of(token)
    request.session[VERIFIED_AT] = now.timestamp()


def _invite(request: HttpRequest, wanted: pending.Wanted, token: AccessToken, now: datetime) -> None:
    identity = session_identity(request)
    if identity is None:
        raise Refused("token does not say who it is")
    try:
        participant = invite_confirmed(wanted, token, identity=identity, now=now)
    except ConferencesError as error:
        _not_done(request, wanted, REFUSAL_WORDS.get(type(error), _NOT_CONFIRMED))
    else:
        messages.success(request, f"{participant.identity} is invited; the mail is on its way.")


def _not_done(request: HttpRequest, wanted: pending.Wanted, words: str) -> None:
    """Say so on the page that he comes back to, with what he had typed."""
    messages.error(request, words)
    request.session[TYPED] = {"conference": wanted.action.conference, **wanted.typed}


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
        "generation": claims["generation"],
        **({"session": claims["session"]} if "session" in claims else {}),
    }
