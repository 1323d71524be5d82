"""Requests that do not go through Django's middleware: on the cookie-less origin there is no session, no form and no message.

What the middleware does for every answer of this origin is done here: the same headers, the limit of the body, no script worker.
"""

import logging
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from io import BytesIO
from typing import Any

from django.conf import settings
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpResponse, HttpResponseForbidden, HttpResponseServerError
from django.utils.http import http_date

from kmf.errors import MessageTooLarge
from protocol.words import REQUEST_LIMIT_BYTES

_log = logging.getLogger(__name__)
Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


class Gone(Exception):
    """The client went away before its request was whole."""


class Direct:
    """One HTTP request."""

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self._scope = scope
        self._receive = receive
        self._headers: dict[bytes, bytes] = {}
        for name, value in scope["headers"]:
            earlier = self._headers.get(name)
            self._headers[name] = value if earlier is None else earlier + b"," + value  # as Django joins them

    @property
    def method(self) -> str:
        """HTTP method."""
        return str(self._scope["method"])

    @property
    def path(self) -> str:
        """Path, decoded."""
        return str(self._scope["path"])

    def header(self, name: bytes) -> str | None:
        """Value of the header of this lower-case name."""
        value = self._headers.get(name)
        return None if value is None else value.decode("latin-1")

    async def body(self) -> bytes:
        """The whole body.

        Raises:
            MessageTooLarge: it is over the limit, or says so.
            Gone: the client went away.

        """
        said = self.header(b"content-length") or ""
        if said.isdecimal() and int(said) > REQUEST_LIMIT_BYTES:
            raise MessageTooLarge("body over its limit")
        body = b""
        while True:
            event = await self._receive()
            if event["type"] == "http.disconnect":
                raise Gone
            body += bytes(event.get("body", b""))
            if len(body) > REQUEST_LIMIT_BYTES:
                raise MessageTooLarge("body over its limit")
            if not event.get("more_body", False):
                return body

    def django(self) -> ASGIRequest:
        """The request as Django's code knows it, without a body."""
        return ASGIRequest(self._scope, BytesIO())

    @property
    def is_secure(self) -> bool:
        """Whether the client came by HTTPS, as Django would say."""
        return self._scope.get("scheme") == "https" or self.django().is_secure()


def direct(view: Callable[[Direct], Awaitable[HttpResponse]]) -> Callable[[Scope, Receive, Send], Awaitable[None]]:
    """Make an ASGI application of ``view``."""

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        request = Direct(scope, receive)
        try:
            response = HttpResponseForbidden() if request.header(b"service-worker") == "script" else await view(request)
        except Gone:
            return
        except Exception:  # noqa: BLE001  as Django does: nobody is told more than that it failed
            _log.exception("a request failed")
            response = HttpResponseServerError()
        headers = {**_of_every_answer(request), **{name.lower(): value for name, value in response.items()}}
        if response.status_code != HTTPStatus.NOT_MODIFIED:  # whose length would be that of what is not sent (RFC 9110 8.6)
            headers["content-length"] = str(len(response.content))
        encoded = [(name.encode("ascii"), value.encode("latin-1")) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": response.status_code, "headers": encoded})
        await send({"type": "http.response.body", "body": response.content})

    return application


def _of_every_answer(request: Direct) -> dict[str, str]:
    headers = {
        "date": http_date(),
        "x-content-type-options": "nosniff",
        "referrer-policy": settings.SECURE_REFERRER_POLICY,
        "cross-origin-opener-policy": settings.SECURE_CROSS_ORIGIN_OPENER_POLICY,
        "x-frame-options": settings.X_FRAME_OPTIONS,
        "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    }
    if settings.SECURE_HSTS_SECONDS and request.is_secure:
        subdomains = "; includeSubDomains" if settings.SECURE_HSTS_INCLUDE_SUBDOMAINS else ""
        headers["strict-transport-security"] = f"max-age={settings.SECURE_HSTS_SECONDS}{subdomains}"
    return headers
