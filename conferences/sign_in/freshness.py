"""A session's identity is asked for anew every five minutes, so that an account that was switched off is out here too.

Whoever is still signed in at the authorization server notices nothing: it answers at once, without a page. Where everything
of the account was ended there, the session is over with the next request.
"""

from collections.abc import Callable
from datetime import timedelta
from urllib.parse import quote

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone

from conferences.services.signed_in import is_ended

RENEWED_AFTER = timedelta(minutes=5)
OVER_AFTER = timedelta(minutes=60)  # where no redirect is possible: a form that was being filled in
VERIFIED_AT = "identity_verified_at"  # seconds since 1970, in the session


class IdentityFreshness:
    """Middleware of the core application; after the session's."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer a navigation under an old identity by a silent sign-in; end the session where that has become too old."""
        if "identity" in request.session and _is_ended(request.session["identity"]):
            request.session.flush()  # whoever is still signed in at the authorization server is here again by a silent sign-in
        if "identity" not in request.session or request.path in {"/sign-in", "/signed-in", "/sign-out"}:
            return self.get_response(request)
        now = timezone.now().timestamp()
        age = timedelta(seconds=now - request.session.setdefault(VERIFIED_AT, now))
        if age > OVER_AFTER:
            request.session.flush()
        elif age > RENEWED_AFTER and _is_navigation(request):
            return HttpResponseRedirect(f"/sign-in?next={quote(request.get_full_path(), safe='')}")
        return self.get_response(request)


def _is_ended(identity: object) -> bool:
    entry = identity if isinstance(identity, dict) else {}
    session = str(entry.get("session") or "")
    return is_ended(str(entry.get("subject", "")), generation=int(entry.get("generation", 0)), session=session)


def _is_navigation(request: HttpRequest) -> bool:
    return request.method == "GET" and request.headers.get("Sec-Fetch-Mode", "navigate") == "navigate"
