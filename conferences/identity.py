"""Who is signed in at the core application: read from the session that ``conferences.sign_in`` opened."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any
from urllib.parse import quote

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render

SIGN_IN_PATH = "/sign-in"


@dataclass(frozen=True, slots=True)
class Identity:
    """A signed-in identity.

    Attributes:
        subject: account id at the Authorization Module.
        email: lower case; the identity that conferences are matched by.
        name: for display.
        roles: of ``initiator``, ``auditor``, ``admin``.
        organisation: slug.

    """

    subject: str
    email: str
    name: str
    roles: frozenset[str]
    organisation: str

    @property
    def is_initiator(self) -> bool:
        """May schedule conferences."""
        return "initiator" in self.roles

    @property
    def is_auditor(self) -> bool:
        """May read the audit of his organisation."""
        return "auditor" in self.roles


def session_identity(request: HttpRequest) -> Identity | None:
    """Identity of the session; None where nobody is signed in or the session's entry is not whole."""
    entry = request.session.get("identity")
    if not isinstance(entry, dict):
        return None
    try:
        return Identity(
            subject=str(entry["subject"]),
            email=str(entry["email"]).lower(),
            name=str(entry["name"]),
            roles=frozenset(entry["roles"]),
            organisation=str(entry["organisation"]),
        )
    except (KeyError, TypeError):
        return None


def identity_required(role: str | None = None) -> Callable[[Callable[..., HttpResponse]], Callable[..., HttpResponse]]:
    """Decorate a view that takes ``(request, identity, …)``.

    Nobody signed in: redirect to the sign-in with ``next``. Signed in without ``role``: a 403 page that says which is missing.
    """

    def decorate(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            identity = session_identity(request)
            if identity is None:
                return HttpResponseRedirect(f"{SIGN_IN_PATH}?next={quote(_return_path(request), safe='')}")
            if role is not None and role not in identity.roles:
                return render(request, "conferences/403.html", {"identity": identity, "missing_role": role}, status=403)
            response = view(request, identity, *args, **kwargs)
            response.headers.setdefault("Cache-Control", "no-store")
            return response

        return guarded

    return decorate


def _return_path(request: HttpRequest) -> str:
    # After a POST the form is gone; its page is the place to come back to.
    return request.get_full_path() if request.method in {"GET", "HEAD"} else request.path
