"""URLs of the KMF's own API; the endpoint page's are in kmf.urls_endpoint, ``/keys`` in kmf.routing."""

from django.urls import path

from kmf.views.keys import leave
from kmf.views.moderation import moderation
from kmf.views.presence import presence

urlpatterns = [
    path("presence", presence, name="presence"),
    path("conferences/<str:conference_id>/leave", leave, name="leave"),
    path("conferences/<str:conference_id>/moderation", moderation, name="moderation"),
]
