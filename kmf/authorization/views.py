"""HTTP of the Authorization Module: ``/authorize`` and account page (auth origin), ``/token`` and ``/jwks`` (KMF origin)."""

from collections.abc import Callable, Sequence
from typing import Any

from allauth.account import views as allauth_views
from allauth.account.adapter import get_adapter
from django.conf import settings
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotAllowed, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from kmf.authorization import authorize as authorization_request
from kmf.authorization import confirmation, keys
from kmf.authorization.addresses import client_network
from kmf.authorization.authorize import AuthorizationRequest, SignIn
from kmf.authorization.company.linking import company_of
from kmf.authorization.devices import devices_of
from kmf.authorization.errors import DecisionPending, RedirectRefused, RequestRefused, TokenRefused, TooManyAttempts
from kmf.authorization.exchange import exchange
from kmf.authorization.grants import end_everywhere
from kmf.authorization.models import Account
from kmf.authorization.proofs import fresh_nonce
from kmf.authorization.room_code import asking
from kmf.authorization.second_factor.account import held_by
from kmf.authorization.sign_in import sign_in_of
from kmf.authorization.validator import AT_ONCE
from protocol.authorization_details import INVITE
from protocol.errors import InvalidProof, NonceNeeded
from protocol.sign_in import Strength
from protocol.words import REQUEST_LIMIT_BYTES

_FORM = "application/x-www-form-urlencoded"


class _Found(HttpResponse):
    """A redirect to a URI that was compared byte for byte with a client's, whatever its scheme."""

    status_code = 302

    def __init__(self, url: str) -> None:
        super().__init__()
        self["Location"] = url


@require_http_methods(["GET", "POST"])
@never_cache
def authorize(request: HttpRequest) -> HttpResponse:
    """Answer an authorization request; whoever is not signed in does that first and comes back.

    A POST is the answer of the person who was shown an action; every other request has one answer, without a page.
    """
    uri = request.get_full_path()
    try:
        asked = authorization_request.read_request(uri, now=timezone.now())
        if request.method == "POST" and asked.action is None:
            return HttpResponseNotAllowed(["GET"])
        return _answer(request, asked)
    except RequestRefused as refusal:
        return render(request, "authorization/refused.html", {"code": refusal.code}, status=400)
    except RedirectRefused as refusal:
        return _Found(refusal.url)


def _answer(request: HttpRequest, asked: AuthorizationRequest) -> HttpResponse:
    now = timezone.now()
    account = request.user
    if not isinstance(account, Account):
        return redirect_to_login(asked.uri, "/sign-in")
    sign_in = sign_in_of(request, account)
    if not authorization_request.is_strong(asked, sign_in):
        return redirect_to_login(asked.uri, reverse("second_factor_needed"))
    if not authorization_request.is_fresh(asked, sign_in, now=now):
        return redirect_to_login(asked.uri, reverse("account_reauthenticate"))
    if asked.action is not None:
        return _confirm(request, asked, account, sign_in)
    return _Found(authorization_request.grant(asked, account=account, sign_in=sign_in, now=now))


def _confirm(request: HttpRequest, asked: AuthorizationRequest, account: Account, sign_in: SignIn) -> HttpResponse:
    """Show the action, and take the answer: two things to press, so that no stolen double click is one."""
    now = timezone.now()
    conference = confirmation.conference_of(asked, account=account, now=now)
    decision = request.POST.get("decision")
    if decision == "declined":
        return _Found(confirmation.decline(asked, conference=conference, account=account, now=now))
    if decision == "confirmed" and request.POST.get("meant") == "yes":
        return _Found(authorization_request.grant(asked, account=account, sign_in=sign_in, now=now))
    context = confirmation.shown(asked, conference=conference) | {"account": account, "not_meant": decision is not None}
    return render(request, "authorization/confirm_action.html", context, status=422 if decision is not None else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest) -> HttpResponseBase:
    """Sign-in page: the parts of the methods that the organisation chose (``kmf.authorization.methods``)."""
    parts = [method.template for method in settings.SIGN_IN_METHODS if method.template]
    context = {
        "parts": parts,
        "companies": settings.COMPANY_PROVIDERS,
        "saml_providers": settings.SAML_PROVIDERS,
        "ldap_directories": settings.LDAP_DIRECTORIES,
    }
    page: HttpResponseBase = allauth_views.LoginView.as_view(extra_context=context)(request)
    return page


@require_safe
@never_cache
@login_required(login_url="/sign-in")
def second_factor_needed(request: HttpRequest) -> HttpResponse:
    """What somebody needs who wants to go where his sign-in is not strong enough: to confirm, or to set up a second factor."""
    account = request.user
    if not isinstance(account, Account):
        raise Http404
    path = request.GET.get("next", "/")
    next_path = path if get_adapter().is_safe_url(path) else "/"
    if sign_in_of(request, account).strength is Strength.ANY:
        return render(request, "second_factor/company.html", {"account": account, "again": _sign_in_url(next_path)})
    held = held_by(account)
    if held.has_second_factor:
        name = "mfa_reauthenticate_webauthn" if held.passkeys else "mfa_reauthenticate"
        return redirect_to_login(next_path, reverse(name))
    context = {"account": account, "next": next_path, "company": company_of(account)}
    return render(request, "second_factor/needed.html", context)


def _sign_in_url(next_path: str) -> str:
    return f"/sign-in?{urlencode({'next': next_path})}"


@csrf_exempt
@require_POST
@never_cache
def token(request: HttpRequest) -> JsonResponse:
    """Answer a token request (KMF origin, without cookies)."""
    body = request.read(REQUEST_LIMIT_BYTES + 1)
    if len(body) > REQUEST_LIMIT_BYTES:
        return _refusal("too_large", 413)
    if request.content_type != _FORM:
        return _refusal("invalid_request", 400)
    try:
        address = client_network(request)
        return JsonResponse(exchange(body, proof=request.headers.get("DPoP"), address=address, now=timezone.now()))
    except (TokenRefused, DecisionPending, InvalidProof, TooManyAttempts) as refusal:
        return token_refused(refusal)


def token_refused(refusal: TokenRefused | DecisionPending | InvalidProof | TooManyAttempts) -> JsonResponse:
    """The answer of the token endpoint, and of the device authorization endpoint, to what it refuses."""
    if isinstance(refusal, TooManyAttempts):
        return _refusal(refusal.code, 429, {"Retry-After": str(refusal.retry_after_s)})
    if isinstance(refusal, NonceNeeded):
        return _refusal(refusal.code, 400, {"DPoP-Nonce": fresh_nonce(timezone.now())})
    if isinstance(refusal, InvalidProof):
        return _refusal(refusal.code, 401, {"WWW-Authenticate": 'DPoP error="invalid_dpop_proof", algs="ES256"'})
    if refusal.code == "too_many":
        return _refusal(refusal.code, 429, {"Retry-After": str(int(AT_ONCE.total_seconds()))})
    return _refusal(refusal.code, 400)


def _refusal(code: str, status: int, headers: dict[str, str] | None = None) -> JsonResponse:
    return JsonResponse({"error": code}, status=status, headers=headers)


@require_safe
def jwks(_request: HttpRequest, further: Sequence[Callable[[], dict[str, Any]]] = ()) -> JsonResponse:
    """Public keys. ``further`` gives more of them, as the URL configuration composes them (the roster's)."""
    document = keys.public_jwks()
    document["keys"].extend(make() for make in further)
    return JsonResponse(document, headers={"Cache-Control": "max-age=300"})


@require_safe
def metadata(_request: HttpRequest) -> JsonResponse:
    """Authorization server metadata (RFC 8414)."""
    origins = settings.ORIGINS
    return JsonResponse(
        {
            "issuer": origins.auth,
            "authorization_endpoint": f"{origins.auth}/authorize",
            "token_endpoint": f"{origins.kmf}/token",
            "jwks_uri": f"{origins.kmf}/jwks",
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "device_authorization_endpoint": f"{origins.kmf}/device-authorization",
            "grant_types_supported": ["authorization_code", "refresh_token", "client_credentials", asking.GRANT_TYPE],
            "token_endpoint_auth_methods_supported": ["none", "private_key_jwt"],
            "token_endpoint_auth_signing_alg_values_supported": ["ES256"],
            "code_challenge_methods_supported": ["S256"],
            "dpop_signing_alg_values_supported": ["ES256"],
            "authorization_response_iss_parameter_supported": True,
            "authorization_details_types_supported": [INVITE],
            "acr_values_supported": [strength.acr for strength in Strength],
        }
    )


@require_safe
@never_cache
@login_required(login_url="/sign-in")
def account(request: HttpRequest) -> HttpResponse:
    """Who is signed in here, and where he may end it."""
    context: dict[str, object] = {"account": request.user, "core_origin": settings.ORIGINS.core}
    if isinstance(request.user, Account):
        context["held"] = None if request.user.is_guest else held_by(request.user)
        context["supported"] = settings.MFA_SUPPORTED_TYPES
        context["devices"] = devices_of(request.user, shown_to=request.user, now=timezone.now())
    return render(request, "authorization/account.html", context)


@require_POST
@login_required(login_url="/sign-in")
def everywhere(request: HttpRequest) -> HttpResponse:
    """End everything of the account on every device; this browser stays signed in."""
    if isinstance(request.user, Account):
        end_everywhere(request.user, now=timezone.now())
        update_session_auth_hash(request, request.user)
    return redirect("/?ended=1")
