"""Sockets on one host only, and a plain refusal for everything else."""

from collections.abc import Awaitable, Callable
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
