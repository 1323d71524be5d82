"""URLs of the conference provider's site."""

from django.urls import include, path

from config.health import health, readiness
from config.probes import provider

urlpatterns = [
    path("", include("provider.urls")),
    path("health", health),
    path("ready", readiness(needed=provider.NEEDED, helpful=provider.HELPFUL)),
]
