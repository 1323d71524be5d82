"""URLs of the core origin: scheduling, conferences, audit, and the session's beginning and end."""

from django.urls import include, path

from config.health import health, readiness
from config.probes import trusted

urlpatterns = [
    path("", include("conferences.urls")),
    path("", include("conferences.sign_in.urls")),
    path("health", health),
    path("ready", readiness(needed=trusted.NEEDED, helpful=trusted.HELPFUL_CORE)),
]

handler403 = "conferences.views.errors.forbidden"
handler404 = "conferences.views.errors.not_found"
handler500 = "conferences.views.errors.server_error"
