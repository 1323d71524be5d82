"""Every URL of the trusted site with each of its methods, and every socket, has its row in the authorization matrix."""

from importlib import import_module

import pytest
from django.conf import settings

from config.settings.origins import host_of
from kmf.authorization.accounts.views import switch_off
from kmf.routing import direct_applications, websocket_urlpatterns
from kmf.services.endpoint_modules import endpoint_modules
from tests.matrix import endpoints, methods_and_paths_of, methods_of, paths_of, rows

SOCKET = "SOCKET"
MODULE = ("GET", "/endpoint/{name}")


def served(origin: str) -> set[tuple[str, str, str]]:
    """Methods and paths of an origin, those that go past Django among them (``kmf.views.keys`` and ``modules``)."""
    patterns = import_module(settings.ORIGIN_URLCONFS[host_of(getattr(settings.ORIGINS, origin))]).urlpatterns
    found = {(origin, method, path) for method, path in methods_and_paths_of(patterns)}
    if origin == "kmf":
        modules = endpoint_modules().by_path
        found |= {(origin, *(MODULE if path in modules else ("POST", path))) for path in direct_applications}
    return found


@pytest.mark.parametrize("origin", ["core", "auth", "kmf"])
def test_every_method_of_every_url_has_a_row(origin: str):
    assert {row for row in endpoints() if row[0] == origin and row[1] != SOCKET} == served(origin)


def test_a_view_that_takes_any_method_is_found():
    assert methods_of(switch_off) == {"POST"}
    with pytest.raises(AssertionError, match="takes any method"):
        methods_of(lambda _request: None)


def test_every_socket_has_a_row():
    assert {row.path for row in rows() if row.origin == "kmf" and row.method == SOCKET} == set(paths_of(websocket_urlpatterns))


def test_no_row_stands_twice():
    names = [(row.origin, row.method, row.path) for row in rows()]
    assert len(names) == len(set(names))
