"""Is what a server serves what was released? Fetches all of it and names every difference."""

import base64
import secrets
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from endpoint_release.errors import PageWrong
from endpoint_release.fetch import Answer, Server
from endpoint_release.installation import Installation, read_installation
from endpoint_release.manifest import Manifest, integrity
from endpoint_release.references import imported_by, loaded_by_page

WORKER = "worker/worker.js"
CONFERENCE, CALLBACK = "/c/…", "/callback"  # as they are named
LEAST_HSTS_S = 180 * 86_400
_OK = 200
_FORBIDDEN = 403
# Headers by which a server could change what a browser makes of the very same bytes.
_NEVER = (
    "access-control-allow-origin",
    "content-security-policy-report-only",
    "link",
    "location",
    "nel",
    "refresh",
    "report-to",
    "reporting-endpoints",
    "service-worker-allowed",
    "set-cookie",
    "sourcemap",
    "x-sourcemap",
)


def any_conference() -> str:
    """Page of a conference id that nobody has seen before: a server cannot know the verifier's requests by it."""
    return f"/c/{base64.urlsafe_b64encode(secrets.token_bytes(16)).rstrip(b'=').decode()}"


def differences(server: Server, manifest: Manifest) -> Iterator[str]:
    """One line for each difference; none: everything is as released."""
    conference = any_conference()
    first = server.get(conference)
    try:
        installation = read_installation(first.body.decode(errors="replace"))
    except PageWrong as error:
        yield f"page {CONFERENCE}: {error}"
        return
    if installation.kmf != server.origin:
        yield f"page {CONFERENCE}: it was made for another origin"
    for path, answer in ((CONFERENCE, first), (CALLBACK, server.get(CALLBACK))):
        yield from _page(path, answer, installation, manifest)
    yield from _loaded(first, manifest)
    yield from _modules(server, installation, manifest)
    for path, released in manifest.styles.items():
        yield from _file(f"style {path}", server.get(path), released, manifest.headers["style"])
    yield from _service_worker(server, conference)


def _page(path: str, answer: Answer, installation: Installation, manifest: Manifest) -> Iterator[str]:
    released = {name: installation.fill(value) for name, value in manifest.headers["page"].items()}
    yield from _answer(f"page {path}", answer, released)
    if server_is_secure(installation):
        yield from transport_differences(path, answer, is_local=_is_local(installation))
    served = answer.body.decode(errors="replace").split("\n")
    wanted = installation.fill(manifest.page).split("\n")
    for number in range(max(len(served), len(wanted))):
        here, there = (lines[number] if number < len(lines) else None for lines in (served, wanted))
        if here != there:
            what = "the import map differs" if "importmap" in f"{here}{there}" else f"differs from line {number + 1} on"
            yield f"page {path}: {what}"
            if "importmap" not in f"{here}{there}":
                return


def _is_local(installation: Installation) -> bool:
    """Whether its name can only be this machine (RFC 6761): development, whose promise lasts an hour."""
    name = (urlsplit(installation.kmf).hostname or "").rpartition(".")[2]
    return name == "localhost"


def transport_differences(path: str, answer: Answer, *, is_local: bool) -> Iterator[str]:
    """Whether a browser that was here comes back by HTTPS alone (RFC 6797 section 6.1; a directive twice counts for nothing)."""
    text = answer.headers.get("strict-transport-security")
    if text is None:
        yield f"page {path}: header strict-transport-security is missing"
        return
    least = 1 if is_local else LEAST_HSTS_S
    ages = [part.partition("=")[2].strip().strip('"') for part in text.split(";") if part.strip().lower().startswith("max-age")]
    if len(ages) != 1 or not ages[0].isdecimal() or int(ages[0]) < least:
        yield f"page {path}: header strict-transport-security does not last"


def server_is_secure(installation: Installation) -> bool:
    """Whether it is served by HTTPS."""
    return installation.kmf.startswith("https://")


def _loaded(page: Answer, manifest: Manifest) -> Iterator[str]:
    """What the page has the browser load besides."""
    released = {f"/endpoint/{name}" for name in manifest.modules} | set(manifest.styles)
    for address in dict.fromkeys(loaded_by_page(page.body.decode(errors="replace"))):
        if address not in released:
            yield f"the page loads {_shown(address)}, which was not released"


def _modules(server: Server, installation: Installation, manifest: Manifest) -> Iterator[str]:
    for name, released in manifest.modules.items():
        kind = "worker" if name == WORKER else "module"
        answer = server.get(f"/endpoint/{name}")
        headers = {key: installation.fill(value) for key, value in manifest.headers[kind].items()}
        yield from _file(f"module {name}", answer, released, headers)
        for other in imported_by(name, answer.body.decode(errors="replace")):
            if other not in manifest.modules:
                yield f"module {name} imports {_shown(other)}, which was not released"


def _file(what: str, answer: Answer, released: str, headers: Mapping[str, str]) -> Iterator[str]:
    yield from _answer(what, answer, headers)
    if answer.status == _OK and integrity(answer.body) != released:
        yield f"{what}: other bytes than released"


def _answer(what: str, answer: Answer, headers: Mapping[str, str]) -> Iterator[str]:
    if answer.status != _OK:
        yield f"{what}: missing (status {answer.status})"
        return
    for name, value in headers.items():
        if name not in answer.headers:
            yield f"{what}: header {name} is missing"
        elif answer.headers[name] != value:
            yield f"{what}: header {name} is another"
    for name in _NEVER:
        if name in answer.headers:
            yield f"{what}: header {name} must not be there"


def _service_worker(server: Server, conference: str) -> Iterator[str]:
    for shown, path in ((CONFERENCE, conference), (f"/endpoint/{WORKER}",) * 2):
        if server.get(path, {"Service-Worker": "script"}).status != _FORBIDDEN:
            yield f"{shown} is given to service workers"


def _shown(text: str) -> str:
    return "".join(character if character.isprintable() else "?" for character in text[:120])
