"""The manifest: everything that an endpoint loads, by hash, and the page and its headers, word for word. Pure.

What differs between installations stands as ``{kmf}``, ``{auth}``, ``{provider}``, ``{core}``, ``{socket}`` and ``{roster_key}``.
"""

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from endpoint_release.errors import ManifestWrong

FORMAT = 2
MOST_BYTES = 1_000_000
KINDS = ("page", "worker", "module", "style")  # of answers, each with its own headers


@dataclass(frozen=True, slots=True)
class Manifest:
    """One release. ``modules`` by name below ``/endpoint/``, ``styles`` by path; each value is ``sha256-…``.

    ``page`` is the text of the endpoint page, ``headers`` those of each kind of answer by lower-case name.
    """

    version: str
    modules: Mapping[str, str]
    styles: Mapping[str, str]
    headers: Mapping[str, Mapping[str, str]]
    page: str

    def encode(self) -> bytes:
        """The one text of it: compact JSON, members in this order, names rising."""
        members = {field.name: getattr(self, field.name) for field in fields(self)}
        ordered = {"format": FORMAT} | {name: _rising(value) for name, value in members.items()}
        return json.dumps(ordered, separators=(",", ":"), ensure_ascii=False).encode()


def parse(data: bytes) -> Manifest:
    """Read a manifest.

    Raises:
        ManifestWrong: it is not one, or not in its one text.

    """
    if len(data) > MOST_BYTES:
        raise ManifestWrong("the manifest is too long")
    try:
        found = json.loads(data)
        manifest = Manifest(**{field.name: found[field.name] for field in fields(Manifest)})
        is_whole = _is_whole(manifest) and manifest.encode() == data
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise ManifestWrong("not a manifest") from None
    if not is_whole:
        raise ManifestWrong("not a manifest of this format")
    return manifest


def digest(data: bytes) -> bytes:
    """SHA-256, 32 bytes."""
    return hashlib.sha256(data).digest()


def integrity(data: bytes) -> str:
    """Subresource integrity metadata of ``data``."""
    return f"sha256-{base64.b64encode(digest(data)).decode()}"


def _rising(value: Any) -> Any:
    return {name: _rising(value[name]) for name in sorted(value)} if isinstance(value, Mapping) else value


def _is_whole(manifest: Manifest) -> bool:
    tables = [manifest.modules, manifest.styles, *(manifest.headers[kind] for kind in KINDS)]
    texts = [manifest.version, manifest.page, *(text for table in tables for pair in table.items() for text in pair)]
    return set(manifest.headers) == set(KINDS) and all(isinstance(text, str) for text in texts)
