"""Paths of the conference provider."""

from django.urls import path, re_path

from provider import views

IDENTIFIER = r"(?P<handle>[A-Za-z0-9_-]{22})"

urlpatterns = [
    re_path(rf"^conferences/{IDENTIFIER}/join\Z", views.join),
    path("orders", views.orders),
    path("jwks", views.jwks),
    path("app/", views.application),
    re_path(r"^app/(?P<name>[a-z_]+\.js)\Z", views.application_module),
]
