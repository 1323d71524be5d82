"""WebSocket routes of the KMF origin."""

from django.urls import path

from kmf.consumers import events

websocket_urlpatterns = [path("conferences/<str:conference_id>/events", events)]  # type: ignore[arg-type]  # channels routes ASGI applications by it
