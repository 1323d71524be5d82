"""URLs of the KMF origin: cookie-less; keys, tokens and the endpoint page."""

from django.urls import include, path

from config.health import health, readiness
from config.probes import trusted
from kmf.authorization import views as authorization
from kmf.authorization.room_code.views import device_authorization

urlpatterns = [
    path("token", authorization.token),
    path("device-authorization", device_authorization),
    path("jwks", authorization.jwks),
    path("health", health),
    path("ready", readiness(needed=trusted.NEEDED, helpful=trusted.HELPFUL)),
    path("", include("kmf.urls")),
    path("", include("kmf.urls_endpoint")),
]
