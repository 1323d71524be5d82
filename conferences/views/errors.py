"""Pages for what went wrong, on the core origin."""

import sys

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string

from conferences.identity import session_identity

RETRY_AFTER_S = "5"


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001  Django calls it by this name
    """404: there is nothing here, or nothing that this identity may know of."""
    return render(request, "conferences/404.html", {"identity": session_identity(request)}, status=404)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:  # noqa: ARG001  Django calls it by this name
    """403."""
    return render(request, "conferences/403.html", {"identity": session_identity(request)}, status=403)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:  # noqa: ARG001  Django calls it by this name
    """403: the form was not ours, or its cookie is gone; the reason stays in the log."""
    return render(request, "conferences/csrf.html", status=403)


def server_error(_request: HttpRequest) -> HttpResponse:
    """500, or 503 where the database is away; said without session and database."""
    if isinstance(sys.exception(), (OperationalError, InterfaceError)):
        page = render_to_string("conferences/503.html")
        return HttpResponse(page, status=503, headers={"Retry-After": RETRY_AFTER_S, "Cache-Control": "no-store"})
    return HttpResponse(render_to_string("conferences/500.html"), status=500, headers={"Cache-Control": "no-store"})
