"""The endpoint page's modules: read and hashed once, then served from memory.

What is hashed is what is served: nobody who changes a file under a running process changes what an endpoint loads.
No path of a request is ever one of the file system: there is a fixed set of names (DESIGN section 9).
"""

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from endpoint_release.references import imported_by

MODULES_DIRECTORY = Path(__file__).resolve().parents[2] / "static" / "endpoint"
PAGE_MODULE = "page/main.js"
WORKER_MODULE = "worker/worker.js"
_NAME = re.compile(r"[a-z0-9_/]+\.js")


class ModuleMissing(RuntimeError):
    """A module imports a file that is not there. The message names both; raised at start, not at a request."""


@dataclass(frozen=True)
class EndpointModule:
    """One module: its name below ``/endpoint/``, its bytes and their SHA-256 (32 bytes)."""

    name: str
    content: bytes
    digest: bytes

    @property
    def url(self) -> str:
        """Path on the KMF origin."""
        return f"/endpoint/{self.name}"

    @property
    def integrity(self) -> str:
        """Subresource integrity metadata, also the CSP hash source without its quotes."""
        return integrity_of(self.digest)


@dataclass(frozen=True)
class ModuleSet:
    """All modules by name, and those that the page itself imports, in the order of loading."""

    modules: Mapping[str, EndpointModule]
    page: tuple[EndpointModule, ...]
    import_map: str

    @cached_property
    def by_path(self) -> Mapping[str, EndpointModule]:
        """All of them, by where they are served on the KMF origin."""
        return {module.url: module for module in self.modules.values()}

    @property
    def script_sources(self) -> str:
        """CSP source list of the page: the import map and the modules reachable from it, nothing else."""
        digests = [hashlib.sha256(self.import_map.encode()).digest(), *(module.digest for module in self.page)]
        return " ".join(f"'{integrity_of(digest)}'" for digest in digests)


def integrity_of(digest: bytes) -> str:
    """``sha256-…`` of a SHA-256 digest."""
    return f"sha256-{base64.b64encode(digest).decode()}"


@cache
def endpoint_modules() -> ModuleSet:
    """The modules of this process, read at the first call (the routes make it, so at start)."""
    return read_modules(MODULES_DIRECTORY)


def read_modules(directory: Path) -> ModuleSet:
    """Read every ``*.js`` below ``directory``.

    Raises:
        ModuleMissing: ``page/main.js`` or something it imports is not there.

    """
    modules = {}
    for path in sorted(directory.rglob("*.js")):
        name = path.relative_to(directory).as_posix()
        if _NAME.fullmatch(name) and path.is_file() and not path.is_symlink():
            content = path.read_bytes()
            modules[name] = EndpointModule(name=name, content=content, digest=hashlib.sha256(content).digest())
    page = _reachable(modules, PAGE_MODULE)
    return ModuleSet(modules=modules, page=page, import_map=_import_map(page))


def _reachable(modules: Mapping[str, EndpointModule], start: str) -> tuple[EndpointModule, ...]:
    found: dict[str, EndpointModule] = {}
    waiting = [(start, "the page")]
    while waiting:
        name, importer = waiting.pop(0)
        if name in found:
            continue
        if name not in modules:
            message = f"{importer} imports {name}, which is not among the endpoint's modules"
            raise ModuleMissing(message)
        found[name] = modules[name]
        waiting += [(reference, name) for reference in imported_by(name, modules[name].content.decode())]
    return tuple(found.values())


def _import_map(page: tuple[EndpointModule, ...]) -> str:
    return json.dumps({"integrity": {module.url: module.integrity for module in page}}, separators=(",", ":"))
