"""What a page and its modules load, read from their text. Pure."""

import json
import re
from html.parser import HTMLParser
from pathlib import PurePosixPath

STATIC_IMPORT = re.compile(r"""^(?:import|export)\b[^"';]*?\bfrom\s+["']([^"']+)["']|^import\s+["']([^"']+)["']""", re.MULTILINE)


def imported_by(name: str, text: str) -> list[str]:
    """Names of the modules that module ``name`` imports; what is not a relative path stays as it is written."""
    found = [first or second for first, second in STATIC_IMPORT.findall(text)]
    return [resolve(name, reference) if reference.startswith(".") else reference for reference in found]


def resolve(importer: str, reference: str) -> str:
    """``reference`` seen from ``importer``, without ``.`` and ``..``."""
    parts: list[str] = []
    for part in (PurePosixPath(importer).parent / reference).parts:
        if part == "..":
            parts = parts[:-1]
        elif part != ".":
            parts.append(part)
    return "/".join(parts)


def loaded_by_page(page: str) -> list[str]:
    """Every address that the page has the browser load as script or style, in the order of the page."""
    reader = _Reader()
    reader.feed(page)
    return reader.found


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._in_map = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self._in_map = tag == "script" and given.get("type") == "importmap"
        if tag == "script" and "src" in given:
            self.found.append(given["src"])
        if tag == "link" and {"stylesheet", "modulepreload", "preload", "icon", "manifest"} & set(given.get("rel", "").split()):
            self.found.append(given.get("href", ""))

    def handle_data(self, data: str) -> None:
        if not self._in_map:
            return
        try:
            tables = [table for table in json.loads(data).values() if isinstance(table, dict)]
        except (ValueError, AttributeError):
            self.found.append("an import map that cannot be read")
            return
        self.found += [address for table in tables for address in table]

    def handle_endtag(self, _tag: str) -> None:
        self._in_map = False
