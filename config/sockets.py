"""What goes past Django on one host: its sockets, with a plain refusal for all others, and single paths."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

ASGIApplication = Callable[[dict[str, Any], Any, Any], Awaitable[None]]


class OnHost:
    """Let sockets of ``host`` through to ``application``; close others, and paths that do not exist, before they open."""

    def __init__(self, host: str, application: ASGIApplication) -> None:
        self._host = host.encode()
        self._application = application

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """Serve one socket."""
        if dict(scope["headers"]).get(b"host") != self._host:
            await send({"type": "websocket.close"})
            return
        try:
            await self._application(scope, receive, send)
        except ValueError as error:
            if "No route found" not in str(error):
                raise
            await send({"type": "websocket.close"})


class PastDjango:
    """Requests for certain paths of ``host`` go to applications of their own; everything else, other hosts too, to Django."""

    def __init__(self, host: str, applications: Mapping[str, ASGIApplication], django: ASGIApplication) -> None:
        self._host = host.encode()
        self._applications = applications
        self._django = django

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """Serve one request."""
        application = self._applications.get(scope["path"])
        if application is None or [value for name, value in scope["headers"] if name == b"host"] != [self._host]:
            application = self._django
        await application(scope, receive, send)
