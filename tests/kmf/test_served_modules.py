"""The endpoint's modules: a fixed set, past Django, with the headers that close them off."""

import httpx
import pytest
from django.conf import settings

from kmf.services.endpoint_modules import endpoint_modules
from tests.past_django import KmfOrigin

MAIN, WORKER = "/endpoint/page/main.js", "/endpoint/worker/worker.js"


@pytest.fixture(scope="module")
def kmf() -> KmfOrigin:
    return KmfOrigin()


def directives(response: httpx.Response) -> dict[str, list[str]]:
    parts = [part.split() for part in response.headers["content-security-policy"].split(";")]
    return {name: values for name, *values in parts}


def test_worker_has_a_policy_of_its_own(kmf: KmfOrigin) -> None:
    policy = directives(kmf.ask(WORKER))
    assert policy["default-src"] == ["'none'"]
    assert policy["script-src"] == ["'self'"]
    assert policy["connect-src"] == ["'self'", settings.ORIGINS.kmf.replace("http", "ws", 1)]


def test_they_are_served_as_hashed_and_once(kmf: KmfOrigin) -> None:
    for name, module in endpoint_modules().modules.items():
        answer = kmf.ask(f"/endpoint/{name}")
        assert answer.status_code == 200
        assert answer.content == module.content
        assert answer.headers["content-length"] == str(len(module.content))
        assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"
        assert "set-cookie" not in answer.headers
    again = kmf.ask(MAIN, headers={"if-none-match": kmf.ask(MAIN).headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert "content-length" not in again.headers
    assert kmf.ask(MAIN, headers={"if-none-match": '"sha256-other"'}).status_code == 200


@pytest.mark.parametrize(
    "name",
    [
        "page/none.js",
        "../style/conclave.css",
        "..%2f..%2fmanage.py",
        "%2e%2e/%2e%2e/manage.py",
        "page/../../../manage.js",
        "page//main.js",
        "page/main.js/",
        "PAGE/main.js",
        "",
    ],
)
def test_nothing_but_the_fixed_set_is_served(kmf: KmfOrigin, name: str) -> None:
    assert kmf.ask(f"/endpoint/{name}").status_code == 404


@pytest.mark.parametrize("host", ["core", "auth"])
def test_another_origin_has_none(kmf: KmfOrigin, host: str) -> None:
    assert kmf.ask(MAIN, headers={"host": getattr(settings.ORIGINS, host).split("//")[1]}).status_code == 404


@pytest.mark.parametrize("path", [MAIN, WORKER])
def test_service_workers_get_no_script(kmf: KmfOrigin, path: str) -> None:
    answer = kmf.ask(path, headers={"service-worker": "script"})
    assert (answer.status_code, answer.content) == (403, b"")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_only_reading_is_allowed(kmf: KmfOrigin, method: str) -> None:
    answer = kmf.ask(MAIN, method=method)
    assert (answer.status_code, answer.content, answer.headers["allow"]) == (405, b"", "GET, HEAD")
