"""URLs of the endpoint page on the KMF origin; ``config.urls_kmf`` includes them. Its modules are in `kmf.routing`."""

from django.urls import path, re_path

from kmf.services.endpoint_modules import endpoint_modules
from kmf.services.endpoint_release import served_release
from kmf.views.endpoint import endpoint_manifest, endpoint_note, endpoint_page

endpoint_modules()  # reads and hashes at start: a missing module stops the process, not a participant
served_release()  # a release note of another code stops it too

urlpatterns = [
    re_path(r"^c/(?P<conference_id>[A-Za-z0-9_-]{22})$", endpoint_page, name="endpoint-page"),
    path("callback", endpoint_page, name="endpoint-callback"),
    path("endpoint/manifest.json", endpoint_manifest, name="endpoint-manifest"),
    path("endpoint/manifest.note", endpoint_note, name="endpoint-note"),
]
