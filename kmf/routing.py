"""Routes of the KMF origin that do not go through Django: its sockets, the key request, and the endpoint's modules."""

from django.urls import path

from kmf.consumers import events
from kmf.services.endpoint_modules import endpoint_modules
from kmf.views.keys import keys
from kmf.views.modules import endpoint_module

websocket_urlpatterns = [path("conferences/<str:conference_id>/events", events)]  # type: ignore[arg-type]  # channels routes ASGI applications by it
direct_applications = {"/keys": keys} | dict.fromkeys(endpoint_modules().by_path, endpoint_module)
