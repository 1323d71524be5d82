"""``{kmf}/device-authorization`` for the screen, ``{auth}/room-code`` for the person (docs/protocol.md section 2)."""

from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from conferences.time_words import clock_words, day_words, zone_words
from kmf.authorization.addresses import client_network
from kmf.authorization.authorize import ACTION_MAX_AGE, SignIn
from kmf.authorization.errors import NoSuchGrant, TokenRefused, TooManyAttempts
from kmf.authorization.models import Account
from kmf.authorization.room_code import asking, deciding
from kmf.authorization.room_code.deciding import Shown
from kmf.authorization.sign_in import sign_in_of
from kmf.authorization.views import token_refused
from protocol.errors import InvalidProof
from protocol.words import REQUEST_LIMIT_BYTES

_WRONG = "No screen shows this code now, or it is for a conference that you are not invited to."
_HALF = 4


@csrf_exempt  # no cookie is read on this origin: nothing to forge
@require_POST
@never_cache
def device_authorization(request: HttpRequest) -> JsonResponse:
    """Give a screen its code (KMF origin)."""
    body = request.read(REQUEST_LIMIT_BYTES + 1)
    if len(body) > REQUEST_LIMIT_BYTES:
        return JsonResponse({"error": "too_large"}, status=413)
    try:
        network = client_network(request)
        given = asking.begin(body, proof=request.headers.get("DPoP"), network=network, now=timezone.now())
    except (TokenRefused, InvalidProof, TooManyAttempts) as refusal:
        return token_refused(refusal)
    return JsonResponse(
        {
            "device_code": given.device_code,
            "user_code": f"{given.user_code[:_HALF]}-{given.user_code[_HALF:]}",
            "verification_uri": f"{settings.ORIGINS.auth}/room-code",
            "expires_in": int(asking.LIFETIME.total_seconds()),
            "interval": int(asking.INTERVAL.total_seconds()),
        }
    )


@require_http_methods(["GET", "POST"])
@never_cache
@login_required(login_url="/sign-in")
def room_code(request: HttpRequest) -> HttpResponse:
    """Take the code, show what it is for, take the decision: three steps, the last under a sign-in of the last ten minutes."""
    account, now = request.user, timezone.now()
    if not isinstance(account, Account) or account.kind != Account.Kind.PERSON:
        raise Http404
    if request.method == "GET":
        return _page(request, {"done": request.GET.get("done", "")})
    sign_in = sign_in_of(request, account)
    if not -ACTION_MAX_AGE < now - sign_in.at <= ACTION_MAX_AGE:
        return redirect_to_login(reverse("room_code"), reverse("account_reauthenticate"))
    try:
        shown = deciding.find(request.POST.get("code", ""), account=account, now=now)
        return _decide(request, shown, account, sign_in)
    except NoSuchGrant:
        return _page(request, {"wrong": _WRONG}, status=422)
    except TooManyAttempts as refusal:
        page = render(request, "429.html", {"retry_after_s": refusal.retry_after_s}, status=429)
        page["Retry-After"] = str(refusal.retry_after_s)
        return page


def _decide(request: HttpRequest, shown: Shown, account: Account, sign_in: SignIn) -> HttpResponse:
    now, decision = timezone.now(), request.POST.get("decision")
    if decision == "declined":
        deciding.decline(shown, now=now)
        return redirect(f"{reverse('room_code')}?done=declined")
    if decision == "approved" and request.POST.get("meant") == "yes":
        deciding.approve(shown, room_id=request.POST.get("room", ""), account=account, sign_in=sign_in, now=now)
        return redirect(f"{reverse('room_code')}?done=approved")
    conference, begins = shown.conference, shown.conference.starts_at
    zone = conference.time_zone
    context = {
        "shown": shown,
        "code": f"{shown.code.user_code[:_HALF]}-{shown.code.user_code[_HALF:]}",
        "starts": f"{day_words(begins, zone)}, {clock_words(begins, zone)} {zone_words(begins, zone)}",
        "here": shown.code.network == client_network(request),
        "not_meant": decision is not None,
    }
    return _page(request, context, status=422 if decision is not None else 200)


def _page(request: HttpRequest, context: dict[str, Any], *, status: int = 200) -> HttpResponse:
    return render(request, "authorization/room_code.html", context, status=status)
