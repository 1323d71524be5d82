"""Every URL and socket of the provider has its row in the authorization matrix, and no row is of nothing."""

from config.urls_provider import urlpatterns
from provider.routing import websocket_urlpatterns
from tests.matrix import paths_of, rows


def test_every_url_has_a_row():
    assert {row.path for row in rows() if row.origin == "provider" and row.method != "SOCKET"} == set(paths_of(urlpatterns))


def test_every_socket_has_a_row():
    found = {row.path for row in rows() if row.origin == "provider" and row.method == "SOCKET"}
    assert found == set(paths_of(websocket_urlpatterns))
