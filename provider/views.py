"""HTTP of the conference provider (docs/protocol.md section 7). Cookies play no part; the frame's origin is ``null``."""

import logging
from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, HttpResponseNotFound, JsonResponse
from django.http.request import UnreadablePostError
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST, require_safe

from protocol.words import REQUEST_LIMIT_BYTES
from provider.errors import Ended, Malformed, NotAuthorized, ProviderError, TooLarge, TooMany, Unavailable
from provider.services.application import PERMISSIONS_POLICY, content_security_policy, modules
from provider.services.joining import join_conference
from provider.services.orders import take_order
from provider.services.own_key import public_keys
from provider.services.turn_credentials import ice_servers
from provider.signalling.hub import HUB

STATUS: list[tuple[type[ProviderError], int]] = [
    (NotAuthorized, 401),
    (Malformed, 400),
    (TooLarge, 413),
    (TooMany, 429),
    (Ended, 403),
    (Unavailable, 503),
]
RETRY_AFTER_S = 5
PREFLIGHT_AGE_S = 600
logger = logging.getLogger(__name__)
P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]


def refusals_as_json(view: View[P]) -> View[P]:
    """Turn what the services refuse into status and ``{"error": code}``; the reason goes to the log."""

    @wraps(view)
    def wrapped(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except ProviderError as error:
            logger.info("refused: %s", error.reason)
            return _refusal(error)
        except DatabaseError:
            logger.exception("the database is away")
            return _refusal(Unavailable("the database is away"))

    return wrapped


def open_to_the_frame(view: View[P]) -> View[P]:
    """Let scripts of the sandboxed frame (origin ``null``) and of this origin read the answer; no others."""

    @wraps(view)
    def wrapped(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if request.method == "OPTIONS":
            response = HttpResponse(status=204)
            response["Access-Control-Allow-Methods"] = "POST"
            response["Access-Control-Allow-Headers"] = "Authorization, DPoP, Content-Type"
            response["Access-Control-Max-Age"] = str(PREFLIGHT_AGE_S)
        else:
            response = view(request, *args, **kwargs)
        response["Vary"] = "Origin"
        origin = request.headers.get("Origin")
        if origin in ("null", settings.PROVIDER_ORIGIN):
            response["Access-Control-Allow-Origin"] = origin
        return response

    return wrapped


@never_cache
@require_http_methods(["POST", "OPTIONS"])
@open_to_the_frame
@refusals_as_json
def join(request: HttpRequest, handle: str) -> HttpResponse:
    """``POST /conferences/{handle}/join`` with token2 and a proof; empty body or ``{}``."""
    if _body(request).strip() not in (b"", b"{}"):
        raise Malformed("join has no body")
    now = timezone.now()
    joined = join_conference(
        handle=handle,
        authorization=request.headers.get("Authorization"),
        proof=request.headers.get("DPoP"),
        url=f"{settings.PROVIDER_ORIGIN}/conferences/{handle}/join",
        now=now,
    )
    socket = settings.PROVIDER_ORIGIN.replace("http", "ws", 1) + f"/conferences/{handle}/signalling"
    return JsonResponse({"ice_servers": ice_servers(seat=joined.seat, now=now), "socket": socket, "ticket": joined.ticket})


@never_cache
@require_POST
@refusals_as_json
def orders(request: HttpRequest) -> HttpResponse:
    """``POST /orders``: signed orders of the KMF."""
    url = f"{settings.PROVIDER_ORIGIN}/orders"
    take_order(authorization=request.headers.get("Authorization"), body=_body(request), url=url, now=timezone.now())
    HUB.wake()
    return HttpResponse(status=204)


@require_safe
def jwks(_request: HttpRequest) -> HttpResponse:
    """``GET /jwks``: the key of this site's reports."""
    return JsonResponse(public_keys())


@require_GET
def application(request: HttpRequest) -> HttpResponse:
    """``GET /app/``: the conference application's document, for a sandboxed frame in the endpoint page."""
    response = render(request, "frame.html")
    response["Content-Security-Policy"] = content_security_policy()
    response["Permissions-Policy"] = PERMISSIONS_POLICY
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    response["Cache-Control"] = "no-store"
    return response


@require_GET
def application_module(_request: HttpRequest, name: str) -> HttpResponse:
    """``GET /app/{name}.js``: one of its modules; to an opaque origin even the own site is another one."""
    found = modules().get(name)
    if found is None:
        return HttpResponseNotFound()
    response = HttpResponse(found, content_type="text/javascript; charset=utf-8")
    response["Access-Control-Allow-Origin"] = "*"
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    response["Cache-Control"] = "no-cache"
    return response


def _body(request: HttpRequest) -> bytes:
    length = request.headers.get("Content-Length") or "0"
    if not length.isdecimal():
        raise Malformed("length is not a number")
    if int(length) > REQUEST_LIMIT_BYTES:
        raise TooLarge("body over its limit")
    try:
        return request.body
    except (UnreadablePostError, RequestDataTooBig):
        raise Malformed("body cannot be read") from None


def _refusal(error: ProviderError) -> HttpResponse:
    status = next(status for kind, status in STATUS if isinstance(error, kind))
    response = JsonResponse({"error": error.code}, status=status)
    if isinstance(error, TooMany):
        response["Retry-After"] = str(error.retry_after_s)
    elif isinstance(error, Unavailable):
        response["Retry-After"] = str(RETRY_AFTER_S)
    elif isinstance(error, NotAuthorized):
        response["WWW-Authenticate"] = f'DPoP error="{error.code}", algs="ES256"'
    return response
