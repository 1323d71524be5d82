"""WebSocket routes of the KMF origin."""

from django.urls import path

from kmf.consumers import EventsConsumer

websocket_urlpatterns = [path("conferences/<str:conference_id>/events", EventsConsumer.as_asgi())]
