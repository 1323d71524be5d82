"""Every URL and socket of the provider has its row in the authorization matrix, and no row is of nothing."""

from config.urls_provider import urlpatterns
from provider.routing import websocket_urlpatterns
from tests.matrix import endpoints, methods_and_paths_of, paths_of, rows


def test_every_method_of_every_url_has_a_row():
    served = {("provider", method, path) for method, path in methods_and_paths_of(urlpatterns)}
    assert {row for row in endpoints() if row[0] == "provider" and row[1] != "SOCKET"} == served


def test_every_socket_has_a_row():
    found = {row.path for row in rows() if row.origin == "provider" and row.method == "SOCKET"}
    assert found == set(paths_of(websocket_urlpatterns))
