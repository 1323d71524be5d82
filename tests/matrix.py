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


def endpoints() -> set[tuple[str, str, str]]:
    """Origin, method and path of every row."""
    return {(row.origin, row.method, row.path) for row in rows()}


def paths_of(patterns: Iterable[Any]) -> Iterator[str]:
    """Paths of a URL configuration, with ``{name}`` for what varies."""
    for path, _view in _views_of(patterns):
        yield path


def methods_and_paths_of(patterns: Iterable[Any]) -> Iterator[tuple[str, str]]:
    """Each path of a URL configuration with each method that its view takes; HEAD and OPTIONS give nothing that GET does not."""
    for path, view in _views_of(patterns):
        for method in methods_of(view) - {"HEAD", "OPTIONS"}:
            yield method, path


def methods_of(view: Any) -> set[str]:
    """What Django's ``require_http_methods`` lets through to a view: of several, what all of them do.

    Raises:
        AssertionError: none stands before it, and any method gets through.

    """
    allowed: list[set[str]] = []
    layer = view
    while layer is not None:
        names = getattr(getattr(layer, "__code__", None), "co_freevars", ())
        if "request_method_list" in names:
            allowed.append(set(layer.__closure__[names.index("request_method_list")].cell_contents))
        layer = getattr(layer, "__wrapped__", None)
    assert allowed, f"{view} takes any method"
    return set.intersection(*allowed)


def _views_of(patterns: Iterable[Any], before: str = "/") -> Iterator[tuple[str, Any]]:
    for pattern in patterns:
        path = before + _plain(str(pattern.pattern))
        if hasattr(pattern, "url_patterns"):
            yield from _views_of(pattern.url_patterns, path)
        else:
            yield path, pattern.callback


def _plain(pattern: str) -> str:
    named = _GROUP.sub(lambda found: "{" + (found[1] or found[2]) + "}", pattern)
    return named.removeprefix("^").removesuffix("$").removesuffix(r"\Z").replace("\\", "")
