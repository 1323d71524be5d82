"""URLs of the core origin: scheduling, conferences, audit, and the session's beginning and end."""

from django.urls import include, path

from config import health

urlpatterns = [
    path("", include("conferences.urls")),
    path("", include("conferences.sign_in.urls")),
    path("health", health.health),
    path("ready", health.ready),
]

handler403 = "conferences.views.errors.forbidden"
handler404 = "conferences.views.errors.not_found"
handler500 = "conferences.views.errors.server_error"
