"""Pages for what went wrong, on the core origin."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from conferences.identity import session_identity


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001  Django calls it by this name
    """404: there is nothing here, or nothing that this identity may know of."""
    return render(request, "conferences/404.html", {"identity": session_identity(request)}, status=404)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:  # noqa: ARG001  Django calls it by this name
    """403."""
    return render(request, "conferences/403.html", {"identity": session_identity(request)}, status=403)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:  # noqa: ARG001  Django calls it by this name
    """403: the form was not ours, or its cookie is gone; the reason stays in the log."""
    return render(request, "conferences/csrf.html", status=403)


def server_error(request: HttpRequest) -> HttpResponse:
    """500: said without the database, which may be what is away."""
    return render(request, "conferences/500.html", status=500)
