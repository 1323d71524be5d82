"""The KMF's origin in this process, as a server calls it: what goes past Django, and what does not."""

import asyncio
from dataclasses import dataclass, field

import httpx
from django.conf import settings
from django.core.asgi import get_asgi_application

from config.settings.origins import host_of
from config.sockets import PastDjango
from kmf.routing import direct_applications


@dataclass
class KmfOrigin:
    """Ask it; each request is a connection of its own."""

    transport: httpx.ASGITransport = field(
        default_factory=lambda: httpx.ASGITransport(
            PastDjango(host_of(settings.ORIGINS.kmf), direct_applications, get_asgi_application())  # type: ignore[arg-type]
        )
    )

    def ask(self, path: str, headers: dict[str, str] | None = None, method: str = "GET") -> httpx.Response:
        return asyncio.run(self._ask(method, path, headers))

    async def _ask(self, method: str, path: str, headers: dict[str, str] | None) -> httpx.Response:
        async with httpx.AsyncClient(transport=self.transport, base_url=settings.ORIGINS.kmf) as client:
            return await client.request(method, path, headers=headers)
