"""URLs of the KMF origin: cookie-less; keys, tokens and the endpoint page."""

from django.urls import include, path

from config import health
from kmf.authorization import views as authorization

urlpatterns = [
    path("token", authorization.token),
    path("jwks", authorization.jwks),
    path("health", health.health),
    path("ready", health.ready),
    path("", include("kmf.urls")),
    path("", include("kmf.urls_endpoint")),
]
