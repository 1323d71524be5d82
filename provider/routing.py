"""Sockets of the conference provider."""

from django.urls import re_path

from provider.consumers import SignallingConsumer
from provider.urls import IDENTIFIER

websocket_urlpatterns = [re_path(rf"^conferences/{IDENTIFIER}/signalling\Z", SignallingConsumer.as_asgi())]
