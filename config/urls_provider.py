"""URLs of the conference provider's site."""

from django.urls import include, path

urlpatterns = [path("", include("provider.urls"))]
