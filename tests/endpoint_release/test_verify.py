"""The outsider's command: a server that serves anything else than what was released is found out, and what differs is named."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings

from config.env import ROOT
from endpoint_release.compare import any_conference, transport_differences
from endpoint_release.fetch import Answer
from endpoint_release.manifest import digest, parse
from endpoint_release.note import ReleaseKey, sign_note
from endpoint_release.verify import AS_RELEASED, DIFFERENT, NOT_LOOKED_AT, main
from tests.endpoint_release.served import MANIFEST, NOTE, PAGES, Said, Site

pytestmark = pytest.mark.requirement("RELEASE-1")
RELEASER = Ed25519PrivateKey.generate()
KEY = ReleaseKey("example.org/release", RELEASER.public_key().public_bytes_raw())
MAIN = "/endpoint/page/main.js"
WORKER = "/endpoint/worker/worker.js"
SHEET = "/static/style/endpoint.css"


def signed(manifest: bytes, *, key: Ed25519PrivateKey = RELEASER, name: str = KEY.name) -> Said:
    note = sign_note(version="0.1.0", digest=digest(manifest), name=name, key=key)
    return Said(200, {"Content-Type": "text/plain"}, note.encode())


@pytest.fixture(scope="module")
def site() -> Site:
    """The real site, with a note of the releaser."""
    real = Site.real()
    return real.but(**{NOTE: signed(real.answers[MANIFEST].body)})


def look(site: Site, *arguments: str, key: str = KEY.text) -> tuple[int, list[str], list[str]]:
    said: list[str] = []
    complained: list[str] = []
    with site.serving() as address:
        given = [settings.ORIGINS.kmf, "--connect", address, *(["--key", key] if key else []), *arguments]
        status = main(given, say=said.append, complain=complained.append)
    return status, complained, said


def test_what_was_released_is_found_as_released(site: Site) -> None:
    status, complained, said = look(site)
    assert (status, complained) == (AS_RELEASED, [])
    assert said[0] == "release 0.1.0, signed by example.org/release"
    assert said[-1] == "as released"
    assert settings.ORIGINS.provider in said[1]


def test_nothing_that_is_said_moves_the_cursor() -> None:
    complained: list[str] = []
    assert main(["http://127.0.0.1:9/\x1b[1A"], say=complained.append, complain=complained.append) == NOT_LOOKED_AT
    assert complained == ["http://127.0.0.1:9/\N{REPLACEMENT CHARACTER}[1A/endpoint/manifest.json does not answer"]


def rewritten(path: str, old: bytes, new: bytes) -> Callable[[Site], Site]:
    def change(site: Site) -> Site:
        said = site.answers[path]
        assert said.body.count(old) >= 1
        return site.but(**{path: Said(said.status, said.headers, said.body.replace(old, new, 1))})

    return change


def header(path: str, name: str, value: str | None) -> Callable[[Site], Site]:
    return lambda site: site.but(**{path: site.answers[path].with_header(name, value)})


def weaker_policy(path: str, old: str, new: str) -> Callable[[Site], Site]:
    def change(site: Site) -> Site:
        policy = site.answers[path].headers["Content-Security-Policy"]
        assert old in policy
        return site.but(**{path: site.answers[path].with_header("content-security-policy", policy.replace(old, new))})

    return change


def in_page(old: bytes, new: bytes) -> Callable[[Site], Site]:
    return lambda site: rewritten(PAGES[1], old, new)(rewritten(PAGES[0], old, new)(site))


def manifest_with_a_module_more(site: Site) -> Site:
    data = site.answers[MANIFEST].body.replace(b'"modules":{', b'"modules":{"a/more.js":"sha256-x",', 1)
    return site.but(**{MANIFEST: Said(200, {}, data)})


# What the attacker changes, and the line that names it.
ATTACKS: dict[str, tuple[Callable[[Site], Site], str]] = {
    "a changed byte of a module": (rewritten(MAIN, b"const", b"konst"), "module page/main.js: other bytes than released"),
    "a changed byte of the worker": (rewritten(WORKER, b"null", b"nuII"), "module worker/worker.js: other bytes than released"),
    "a module more, imported by one that was released": (
        rewritten(WORKER, b"import {", b'import { x } from "./more.js";\nimport {'),
        "module worker/worker.js imports worker/more.js, which was not released",
    ),
    "a module more in the import map": (
        in_page(b'{"integrity":{', b'{"integrity":{"/endpoint/more.js":"sha256-x",'),
        "the page loads /endpoint/more.js, which was not released",
    ),
    "another import map": (in_page(b'{"integrity":{', b'{"integrity": {'), "page /c/…: the import map differs"),
    "a script more in the page": (
        in_page(b"</head>", b'<script src="/endpoint/evil.js"></script></head>'),
        "the page loads /endpoint/evil.js, which was not released",
    ),
    "a sheet without its integrity": (
        in_page(b'css" integrity="', b'css" data-x="'),
        "page /c/…: differs from line",
    ),
    "a frame that may do more": (
        in_page(b'sandbox="allow-scripts"', b'sandbox="allow-scripts allow-popups"'),
        "page /c/…: differs",
    ),
    "another page for the callback": (rewritten(PAGES[1], b"</body>", b"<p></p></body>"), "page /callback: differs from line"),
    "a page of another origin": (in_page(b'data-kmf="http://kmf.', b'data-kmf="http://kmg.'), "it was made for another origin"),
    "an origin that is none": (
        in_page(b'data-core="http', b'data-core="javascript'),
        "the page does not say its core in its form",
    ),
    "a module that is missing": (lambda site: site.but(**{MAIN: None}), "module page/main.js: missing (status 404)"),
    "a sheet that is missing": (lambda site: site.but(**{SHEET: None}), f"style {SHEET}: missing (status 404)"),
    "a changed byte of a sheet": (rewritten(SHEET, b"{", b" {"), f"style {SHEET}: other bytes than released"),
    "a policy of the page that lets more in": (
        weaker_policy(PAGES[0], "connect-src 'self'", "connect-src *"),
        "page /c/…: header content-security-policy is another",
    ),
    "no policy of the worker": (
        header(WORKER, "content-security-policy", None),
        "module worker/worker.js: header content-security-policy is missing",
    ),
    "devices for frames": (
        header(PAGES[0], "permissions-policy", "camera=*"),
        "page /c/…: header permissions-policy is another",
    ),
    "an opener": (
        header(PAGES[0], "cross-origin-opener-policy", "unsafe-none"),
        "page /c/…: header cross-origin-opener-policy is another",
    ),
    "an origin that shares its process": (
        header(PAGES[0], "origin-agent-cluster", None),
        "page /c/…: header origin-agent-cluster is missing",
    ),
    "a cookie": (header(PAGES[0], "set-cookie", "a=b"), "page /c/…: header set-cookie must not be there"),
    "a preload by header": (header(PAGES[0], "link", "</x.js>; rel=preload"), "page /c/…: header link must not be there"),
    "modules for other origins": (
        header(WORKER, "access-control-allow-origin", "*"),
        "module worker/worker.js: header access-control-allow-origin must not be there",
    ),
    "a service worker": (
        lambda site: site.but(**{f"sw:{WORKER}": site.answers[WORKER]}),
        "/endpoint/worker/worker.js is given to service workers",
    ),
    "a manifest with a module more": (manifest_with_a_module_more, "manifest: not the one of the release note"),
    "no manifest": (lambda site: site.but(**{MANIFEST: None}), "manifest: missing"),
    "no note": (lambda site: site.but(**{NOTE: None}), "release note: missing; nobody signed this release"),
    "a note of another key": (
        lambda site: site.but(**{NOTE: signed(site.answers[MANIFEST].body, key=Ed25519PrivateKey.generate())}),
        "release note: not signed by the key example.org/release",
    ),
    "a note of another release": (
        lambda site: site.but(**{NOTE: signed(b"another")}),
        "manifest: not the one of the release note",
    ),
    "a note that is none": (lambda site: site.but(**{NOTE: Said(200, {}, b"trust me")}), "release note: not a release note"),
}


@pytest.mark.parametrize(("attack", "line"), ATTACKS.values(), ids=ATTACKS.keys())
def test_what_was_not_released_is_named(site: Site, attack: Callable[[Site], Site], line: str) -> None:
    status, complained, said = look(attack(site))
    assert status == DIFFERENT
    assert [found for found in complained if line in found], complained
    assert said[-1].startswith("NOT as released")


@pytest.mark.parametrize(
    ("value", "lasts"),
    [
        ("max-age=63072000; includeSubDomains", True),
        ('max-age="63072000"', True),
        ("max-age=0", False),
        ("max-age=86400", False),
        ("max-age=63072000; max-age=0", False),
        ("max-age", False),
        ("includeSubDomains", False),
        ("", False),
        (None, False),
    ],
)
def test_a_promise_of_https_that_does_not_last_is_named(value: str | None, *, lasts: bool) -> None:
    answer = Answer(200, {} if value is None else {"strict-transport-security": value}, b"")
    assert (list(transport_differences("/callback", answer, is_local=False)) == []) == lasts


def test_no_two_looks_ask_for_the_same_conference() -> None:
    """Else a server would know the verifier by it, and serve others another page."""
    asked = {any_conference() for _ in range(50)}
    assert len(asked) == 50
    assert all(re.fullmatch(r"/c/[A-Za-z0-9_-]{22}", path) for path in asked)


def test_everything_made_anew_is_found_out_by_the_key_alone(site: Site) -> None:
    """Who changes module, manifest and note together cannot sign as the releaser does."""
    manifest = site.answers[MANIFEST].body.replace(b"conclave-worker", b"conclave-eviler")
    forged = site.but(**{MANIFEST: Said(200, {}, manifest), NOTE: signed(manifest, key=Ed25519PrivateKey.generate())})
    status, complained, _said = look(forged)
    assert status == DIFFERENT
    assert "release note: not signed by the key example.org/release" in complained


def test_a_manifest_at_hand_is_compared_with_what_is_served(site: Site, tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_bytes(site.answers[MANIFEST].body)
    (tmp_path / "note").write_bytes(site.answers[NOTE].body)
    at_hand = ("--manifest", str(tmp_path / "manifest.json"), "--note", str(tmp_path / "note"))
    assert look(site.but(**{NOTE: None}), *at_hand)[:2] == (AS_RELEASED, [])
    status, complained, _said = look(manifest_with_a_module_more(site), *at_hand)
    assert (status, complained) == (DIFFERENT, ["manifest: the served one is another than the released one"])


def test_a_development_signature_and_a_missing_key_are_named(site: Site) -> None:
    own = site.but(**{NOTE: Site.real().answers[NOTE]})
    status, complained, said = look(own, key="")
    assert status == DIFFERENT
    assert said[0] == "release 0.1.0, signed by development"
    assert complained == [
        "release note: signed by a key that the server made for itself (development)",
        "release note: no --key given, so nobody's signature was checked",
    ]


def test_an_installation_that_is_not_the_expected_one_is_named(site: Site) -> None:
    assert look(site, "--expect", f"provider={settings.ORIGINS.provider}")[0] == AS_RELEASED
    status, complained, _said = look(site, "--expect", "provider=https://elsewhere.example")
    assert (status, complained) == (DIFFERENT, ["the page names another provider than expected"])


def test_a_server_that_is_away_is_no_verdict() -> None:
    complained: list[str] = []
    arguments = [settings.ORIGINS.kmf, "--connect", "127.0.0.1:1", "--key", KEY.text]
    assert main(arguments, say=lambda _line: None, complain=complained.append) == NOT_LOOKED_AT
    assert len(complained) == 1


def test_the_command_stands_alone(site: Site) -> None:
    """An outsider has Python and ``cryptography``: no settings, no state, no Django are asked for."""
    with site.serving() as address:
        given = [settings.ORIGINS.kmf, "--connect", address, "--key", KEY.text]
        run = "runpy.run_module('endpoint_release.verify', run_name='__main__', alter_sys=True)"
        blocked = f"import runpy, sys; sys.modules['django'] = None; {run}"
        result = subprocess.run(  # noqa: S603  our own command
            [sys.executable, "-c", blocked, *given], cwd=ROOT, env={}, capture_output=True, text=True, check=False
        )
    assert (result.returncode, result.stderr) == (AS_RELEASED, "")
    assert result.stdout.endswith("as released\n")


def test_the_manifest_names_no_installation(site: Site) -> None:
    """One release note fits every installation of the same code."""
    manifest = parse(site.answers[MANIFEST].body)
    told = site.answers[MANIFEST].body.decode()
    assert not [origin for origin in settings.ORIGINS.public.values() if origin in told]
    assert "{provider}" in manifest.headers["page"]["content-security-policy"]
