"""The endpoint page: its headers, the modules that it names, and that it tells nothing about conferences."""

import base64
import hashlib
import json
import re
from pathlib import Path

import pytest
from django.conf import settings
from django.http import HttpResponse
from django.test import Client

from kmf.services.endpoint_modules import MODULES_DIRECTORY, ModuleMissing, endpoint_modules, read_modules

CONFERENCE = "AAAAAAAAAAAAAAAAAAAAAA"


@pytest.fixture
def browser() -> Client:
    return Client(headers={"host": settings.ORIGINS.kmf.split("//")[1]})


def directives(response: HttpResponse) -> dict[str, list[str]]:
    parts = [part.split() for part in response["Content-Security-Policy"].split(";")]
    return {name: values for name, *values in parts}


def sha256_source(content: bytes) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(content).digest()).decode()}'"


@pytest.mark.parametrize("path", [f"/c/{CONFERENCE}", "/callback", "/callback?code=x&state=y"])
def test_page_is_the_same_whatever_the_conference(browser: Client, path: str) -> None:
    response = browser.get(path)
    assert response.status_code == 200
    assert response.content == browser.get("/c/BBBBBBBBBBBBBBBBBBBBBB").content


@pytest.mark.parametrize("path", ["/c/short", f"/c/{CONFERENCE}A", f"/c/{CONFERENCE}/x", "/c/AAAAAAAAAAAAAAAAAAAA%0a", "/c/"])
def test_page_needs_an_address_of_its_form(browser: Client, path: str) -> None:
    assert browser.get(path).status_code == 404


def test_page_policy_lets_in_hashed_modules_and_nothing_else(browser: Client) -> None:
    response = browser.get(f"/c/{CONFERENCE}")
    policy = directives(response)
    text = response.content.decode()
    import_map = re.search(r'<script type="importmap">(.*?)</script>', text, re.DOTALL)
    assert import_map is not None
    expected = {sha256_source(import_map[1].encode())}
    for url, integrity in json.loads(import_map[1])["integrity"].items():
        content = (MODULES_DIRECTORY / url.removeprefix("/endpoint/")).read_bytes()
        assert f"'{integrity}'" == sha256_source(content)
        expected.add(f"'{integrity}'")
    assert set(policy["script-src"]) == expected
    assert policy["default-src"] == ["'none'"]
    assert policy["connect-src"] == ["'self'"]
    assert policy["frame-src"] == [settings.ORIGINS.provider, settings.ORIGINS.core]
    assert policy["frame-ancestors"] == policy["base-uri"] == policy["form-action"] == ["'none'"]
    assert policy["trusted-types"] == ["conclave-worker"]
    assert "unsafe" not in response["Content-Security-Policy"]
    assert settings.ORIGINS.provider not in policy["connect-src"]


def test_page_headers_close_it_off(browser: Client) -> None:
    response = browser.get(f"/c/{CONFERENCE}")
    assert response["Cache-Control"] == "no-store"
    assert response["Cross-Origin-Opener-Policy"] == "same-origin"
    assert response["Origin-Agent-Cluster"] == "?1"
    assert response["Referrer-Policy"] == "no-referrer"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["X-Frame-Options"] == "DENY"
    permissions = response["Permissions-Policy"]
    assert {"camera=(self)", "microphone=(self)", "display-capture=(self)"} <= set(permissions.split(", "))
    assert settings.ORIGINS.provider not in permissions
    assert not response.cookies


def test_page_has_no_inline_script_or_style(browser: Client) -> None:
    text = browser.get(f"/c/{CONFERENCE}").content.decode()
    scripts = re.findall(r"<script[^>]*>", text)
    assert all("importmap" in tag or "src=" in tag for tag in scripts)
    assert not re.search(r"\son\w+=|<style|\sstyle=", text)
    core, provider = sorted(re.findall(r"<iframe[^>]*>", text), key=lambda tag: "core-frame" not in tag)
    assert 'sandbox="allow-scripts"' in provider
    assert 'sandbox="allow-scripts allow-same-origin allow-forms allow-downloads"' in core  # DESIGN section 9
    assert all('allow=""' in tag for tag in (core, provider))


@pytest.mark.parametrize("path", [f"/c/{CONFERENCE}", "/callback", "/endpoint/manifest.json"])
def test_service_workers_get_no_script(browser: Client, path: str) -> None:
    response = browser.get(path, headers={"service-worker": "script"})
    assert response.status_code == 403
    assert response.content == b""


@pytest.mark.parametrize("path", [f"/c/{CONFERENCE}", "/endpoint/manifest.json"])
def test_only_reading_is_allowed(browser: Client, path: str) -> None:
    assert browser.post(path).status_code == 405


def test_manifest_names_every_module(browser: Client) -> None:
    manifest = browser.get("/endpoint/manifest.json").json()
    found = {path.relative_to(MODULES_DIRECTORY).as_posix() for path in MODULES_DIRECTORY.rglob("*.js")}
    assert set(manifest["modules"]) == found
    content = (MODULES_DIRECTORY / "worker" / "worker.js").read_bytes()
    assert f"'{manifest['modules']['worker/worker.js']}'" == sha256_source(content)


def test_page_reaches_no_module_of_the_worker() -> None:
    assert not [module.name for module in endpoint_modules().page if module.name.startswith("worker/")]


def test_missing_import_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "page").mkdir()
    (tmp_path / "page" / "main.js").write_text('import { gone } from "./gone.js";\n')
    with pytest.raises(ModuleMissing, match=r"page/gone\.js"):
        read_modules(tmp_path)


def test_symbolic_links_are_no_modules(tmp_path: Path) -> None:
    (tmp_path / "page").mkdir()
    (tmp_path / "page" / "main.js").write_text("export {};\n")
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    (tmp_path / "page" / "link.js").symlink_to(secret)
    assert set(read_modules(tmp_path).modules) == {"page/main.js"}
