"""Routing by host name, cookies as they were sent, and sessions that hold on one origin only."""

from collections.abc import Callable

from django.conf import settings
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, HttpResponseForbidden
from django.urls import set_urlconf
from django.utils.http import http_date

GetResponse = Callable[[HttpRequest], HttpResponse]


class OriginRouting:
    """Choose the URL configuration by Host; an unknown host gets 400. The cookie-less origin neither takes nor sets one."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer one request on its origin."""
        host = request.META.get("HTTP_HOST", "")
        urlconf = settings.ORIGIN_URLCONFS.get(host)
        if urlconf is None:
            return HttpResponseBadRequest("unknown host")
        request.urlconf = urlconf
        set_urlconf(urlconf)  # errors inside a middleware use this origin's handlers too
        if request.headers.get("Service-Worker") == "script":
            # It would answer in our place for ever after, also to the endpoint page's frame: no origin registers one.
            return HttpResponseForbidden()
        cookieless = host in settings.COOKIELESS_HOSTS
        if cookieless:
            request.META.pop("HTTP_COOKIE", None)
            if _is_foreign_script(request.path):
                return HttpResponseForbidden()
        response = self.get_response(request)
        if cookieless:
            response.cookies.clear()
        response.headers.setdefault("Date", http_date())  # RFC 9110 6.6.1; Daphne adds none, and endpoints set their clocks by it
        return response


class PlainCookies:
    """Drop cookies that are not printable ASCII as they were sent.

    A sibling can plant one whose name is the byte A0 and then ``__Host-sessionid``: to a browser the name has no prefix that
    it must defend, and Django strips the odd byte off (tried: Chromium 156, Django 5.2).
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer one request, seeing only its plain cookies."""
        sent = request.META.get("HTTP_COOKIE", "")
        if not _is_plain(sent):
            request.META["HTTP_COOKIE"] = ";".join(pair for pair in sent.split(";") if _is_plain(pair))
        return self.get_response(request)


def _is_plain(text: str) -> bool:
    return text.isascii() and text.isprintable()


def _is_foreign_script(path: str) -> bool:
    """Whether a path names static files of another origin: the page that holds keys shares styles with them, no script."""
    return path.startswith("/static/") and not path.startswith("/static/style/")


class OriginSessions(SessionMiddleware):
    """Sessions bound to the origin that opened them: a cookie carried to another origin opens nothing there."""

    def process_request(self, request: HttpRequest) -> None:
        """Open the session, unless it belongs to another origin."""
        super().process_request(request)
        host = request.META["HTTP_HOST"]
        bound = request.session.get("origin")
        if bound is not None and bound != host:
            request.session = self.SessionStore(None)

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        """Bind a session that is written to the origin."""
        if request.session.modified and not request.session.is_empty():
            request.session["origin"] = request.META["HTTP_HOST"]
        return super().process_response(request, response)
