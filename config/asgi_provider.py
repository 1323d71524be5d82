"""ASGI application of the conference provider's site."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.provider")

from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application

django_application = get_asgi_application()

from django.conf import settings  # noqa: E402

from config.checks import refuse_errors  # noqa: E402  apps must be ready first
from config.settings.origins import host_of  # noqa: E402
from config.sockets import OnHost  # noqa: E402  apps must be ready first
from provider.routing import websocket_urlpatterns  # noqa: E402

refuse_errors()
application = ProtocolTypeRouter(
    {
        "http": django_application,
        "websocket": OnHost(host_of(settings.PROVIDER_ORIGIN), URLRouter(websocket_urlpatterns)),
    }
)
