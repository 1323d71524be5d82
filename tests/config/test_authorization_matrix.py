"""Every URL and socket of the trusted site has its row in the authorization matrix, and no row is of nothing."""

from importlib import import_module

import pytest
from django.conf import settings

from config.settings.origins import host_of
from kmf.routing import direct_applications, websocket_urlpatterns
from kmf.services.endpoint_modules import endpoint_modules
from tests.matrix import paths_of, rows

SOCKET = "SOCKET"
MODULE = "/endpoint/{name}"


def served(origin: str) -> set[str]:
    """Paths of an origin, those that go past Django among them."""
    found = set(paths_of(import_module(settings.ORIGIN_URLCONFS[host_of(getattr(settings.ORIGINS, origin))]).urlpatterns))
    if origin == "kmf":
        found |= {MODULE if path in endpoint_modules().paths else path for path in direct_applications}
    return found


@pytest.mark.parametrize("origin", ["core", "auth", "kmf"])
def test_every_url_has_a_row(origin: str):
    assert {row.path for row in rows() if row.origin == origin and row.method != SOCKET} == served(origin)


def test_every_socket_has_a_row():
    assert {row.path for row in rows() if row.origin == "kmf" and row.method == SOCKET} == set(paths_of(websocket_urlpatterns))


def test_no_row_stands_twice():
    names = [(row.origin, row.method, row.path) for row in rows()]
    assert len(names) == len(set(names))
