"""Sessions here that were opened under a session at the company are over with that, at the next request."""

from collections.abc import Callable

from allauth.account.authentication import AUTHENTICATION_METHODS_SESSION_KEY
from django.http import HttpRequest, HttpResponse

from kmf.authorization.company.sessions import RECORD, are_alive


class CompanySessions:
    """Middleware of the auth origin; after the session's, before anybody asks who is signed in."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Close the session of somebody whom his company has signed out."""
        records = request.session.get(AUTHENTICATION_METHODS_SESSION_KEY, [])
        named = {record[RECORD] for record in records if record.get(RECORD)}
        if named and not are_alive(named):
            request.session.flush()
        return self.get_response(request)
