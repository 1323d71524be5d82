"""The endpoint page, its modules and their manifest, with their own security headers (DESIGN section 9).

The page is the same for every conference, existing or not. These views look nothing up and set no cookie.
"""

from csp.decorators import csp_exempt
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseForbidden, HttpResponseNotModified
from django.shortcuts import render
from django.views.decorators.http import require_safe

from kmf.services.endpoint_modules import PAGE_MODULE, WORKER_MODULE, EndpointModule, endpoint_modules
from protocol import base64url
from roster.services.signing_key import roster_public_key

PERMISSIONS_OF_PAGE = (
    "camera",
    "microphone",
    "display-capture",
    "speaker-selection",
    "fullscreen",
    "screen-wake-lock",
    "autoplay",
)
PERMISSIONS_OF_NOBODY = (
    "accelerometer",
    "clipboard-read",
    "geolocation",
    "gyroscope",
    "hid",
    "identity-credentials-get",
    "local-fonts",
    "magnetometer",
    "midi",
    "payment",
    "picture-in-picture",
    "publickey-credentials-get",
    "serial",
    "usb",
    "xr-spatial-tracking",
)


@csp_exempt()
@require_safe
def endpoint_page(request: HttpRequest, conference_id: str = "") -> HttpResponse:
    """``GET /c/{conference_id}`` and ``GET /callback``: one and the same page, whatever the conference."""
    del conference_id  # the page reads its own address
    if _asked_by_service_worker(request):
        return HttpResponseForbidden()
    modules = endpoint_modules()
    context = {
        "origins": settings.ORIGINS,
        "roster_key": base64url.encode(roster_public_key()),
        "import_map": modules.import_map,
        "main": modules.modules[PAGE_MODULE],
        "preloads": modules.page,
    }
    response = render(request, "endpoint/page.html", context)
    response["Content-Security-Policy"] = page_policy(modules.script_sources)
    response["Permissions-Policy"] = permissions_policy()
    response["Cross-Origin-Opener-Policy"] = "same-origin"
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    response["Origin-Agent-Cluster"] = "?1"
    response["Referrer-Policy"] = "no-referrer"
    response["Cache-Control"] = "no-store"
    response["X-Content-Type-Options"] = "nosniff"
    return response


@csp_exempt()  # type: ignore[arg-type]  # csp's types know only views without further arguments
@require_safe
def endpoint_module(request: HttpRequest, name: str) -> HttpResponse:
    """``GET /endpoint/{name}``: a module of the fixed set, from memory; the worker's with a policy of its own."""
    if _asked_by_service_worker(request):
        return HttpResponseForbidden()
    module = endpoint_modules().modules.get(name)
    if module is None:
        raise Http404
    response = _module_response(request, module)
    response["Content-Security-Policy"] = worker_policy() if name == WORKER_MODULE else "default-src 'none'"
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    response["X-Content-Type-Options"] = "nosniff"
    response["Referrer-Policy"] = "no-referrer"
    return response


@csp_exempt()
@require_safe
def endpoint_manifest(request: HttpRequest) -> HttpResponse:
    """``GET /endpoint/manifest.json``: SHA-256 of every module this process serves."""
    if _asked_by_service_worker(request):
        return HttpResponseForbidden()
    response = HttpResponse(endpoint_modules().manifest, content_type="application/json")
    response["Content-Security-Policy"] = "default-src 'none'"
    response["Cache-Control"] = "no-cache"
    response["X-Content-Type-Options"] = "nosniff"
    return response


def page_policy(script_sources: str) -> str:
    """Content security policy of the endpoint page; ``script_sources`` are hashes only, no origin."""
    origins = settings.ORIGINS
    directives = (
        "default-src 'none'",
        f"script-src {script_sources}",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "worker-src 'self'",
        f"frame-src {origins.provider} {origins.core}",
        "frame-ancestors 'none'",
        "form-action 'none'",
        "base-uri 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types conclave-worker",
    )
    return "; ".join(directives)


def worker_policy() -> str:
    """Content security policy of the worker: without one of its own it would be bound by none.

    ``'self'`` covers ``ws:`` of the same host in current browsers; the socket's origin is named for those where it does not.
    """
    socket_origin = settings.ORIGINS.kmf.replace("http", "ws", 1)
    return f"default-src 'none'; script-src 'self'; connect-src 'self' {socket_origin}; trusted-types 'none'"


def permissions_policy() -> str:
    """Camera, microphone and screen for the page itself, nothing for any frame."""
    own = [f"{name}=(self)" for name in PERMISSIONS_OF_PAGE]
    return ", ".join(own + [f"{name}=()" for name in PERMISSIONS_OF_NOBODY])


def _asked_by_service_worker(request: HttpRequest) -> bool:
    # A service worker could answer in our place for ever after: this origin registers none.
    return request.headers.get("Service-Worker") == "script"


def _module_response(request: HttpRequest, module: EndpointModule) -> HttpResponse:
    tag = f'"{module.integrity}"'
    unchanged = request.headers.get("If-None-Match") == tag
    response = (
        HttpResponseNotModified() if unchanged else HttpResponse(module.content, content_type="text/javascript; charset=utf-8")
    )
    response["ETag"] = tag
    response["Cache-Control"] = "no-cache"
    return response
