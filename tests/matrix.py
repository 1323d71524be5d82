"""``docs/security/authorization-matrix.md`` as a table: who gets what from which endpoint. It is what the tests read."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DOCUMENT = Path(__file__).parents[1] / "docs/security/authorization-matrix.md"
_ROW = re.compile(r"^\| (core|auth|kmf|provider) \| ([A-Z]+) \| `([^`]+)` \|(.*)\|$", re.MULTILINE)
_HEAD = re.compile(r"^\| origin \| method \| path \|(.*)\|$", re.MULTILINE)
_GROUP = re.compile(r"\(\?P<(\w+)>(?:[^()]|\([^()]*\))*\)|<(?:\w+:)?(\w+)>")


@dataclass(frozen=True)
class Row:
    """One endpoint: what each kind of caller gets."""

    origin: str
    method: str
    path: str
    cells: dict[str, str]


def rows() -> list[Row]:
    """Rows of the document, in its order."""
    text = DOCUMENT.read_text()
    head = _HEAD.search(text)
    assert head is not None
    callers = [cell.strip() for cell in head[1].split("|")]
    return [
        Row(origin, method, path, dict(zip(callers, [cell.strip() for cell in cells.split("|")], strict=True)))
        for origin, method, path, cells in _ROW.findall(text)
    ]


def paths_of(patterns: Iterable[Any], before: str = "/") -> Iterator[str]:
    """Paths of a URL configuration, with ``{name}`` for what varies."""
    for pattern in patterns:
        path = before + _plain(str(pattern.pattern))
        if hasattr(pattern, "url_patterns"):
            yield from paths_of(pattern.url_patterns, path)
        else:
            yield path


def _plain(pattern: str) -> str:
    named = _GROUP.sub(lambda found: "{" + (found[1] or found[2]) + "}", pattern)
    return named.removeprefix("^").removesuffix("$").removesuffix(r"\Z").replace("\\", "")
