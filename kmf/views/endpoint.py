"""The endpoint page and its manifest, with their own security headers (DESIGN section 9); its modules are in `kmf.views.modules`.

The page is the same for every conference, existing or not. These views look nothing up and set no cookie.
"""

from collections.abc import Mapping

from csp.decorators import csp_exempt
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseForbidden
from django.views.decorators.http import require_safe

from kmf.services.endpoint_page import page_headers, page_text, this_installation
from kmf.services.endpoint_release import served_release


@csp_exempt()
@require_safe
def endpoint_page(request: HttpRequest, conference_id: str = "") -> HttpResponse:
    """``GET /c/{conference_id}`` and ``GET /callback``: one and the same page, whatever the conference."""
    del conference_id  # the page reads its own address
    if _asked_by_service_worker(request):
        return HttpResponseForbidden()
    here = this_installation()
    return _with(HttpResponse(page_text(here)), page_headers(here))


@csp_exempt()
@require_safe
def endpoint_manifest(request: HttpRequest) -> HttpResponse:
    """``GET /endpoint/manifest.json``: all that this process serves to endpoints, by hash and word for word."""
    if _asked_by_service_worker(request):
        return HttpResponseForbidden()
    return _closed(HttpResponse(served_release().manifest, content_type="application/json"))


@csp_exempt()
@require_safe
def endpoint_note(request: HttpRequest) -> HttpResponse:
    """``GET /endpoint/manifest.note``: the release note, if anybody signed this release."""
    if _asked_by_service_worker(request):
        return HttpResponseForbidden()
    note = served_release().note
    if note is None:
        raise Http404
    return _closed(HttpResponse(note, content_type="text/plain; charset=utf-8"))


def _with(response: HttpResponse, headers: Mapping[str, str]) -> HttpResponse:
    for name, value in headers.items():
        response[name] = value
    return response


def _closed(response: HttpResponse) -> HttpResponse:
    response["Content-Security-Policy"] = "default-src 'none'"
    response["Cache-Control"] = "no-cache"
    response["X-Content-Type-Options"] = "nosniff"
    return response


def _asked_by_service_worker(request: HttpRequest) -> bool:
    # A service worker could answer in our place for ever after: this origin registers none.
    return request.headers.get("Service-Worker") == "script"
