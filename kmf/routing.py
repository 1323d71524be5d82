"""Routes of the KMF origin that do not go through Django: its sockets, and the key request."""

from django.urls import path

from kmf.consumers import events
from kmf.views.keys import keys

websocket_urlpatterns = [path("conferences/<str:conference_id>/events", events)]  # type: ignore[arg-type]  # channels routes ASGI applications by it
direct_applications = {"/keys": keys}
