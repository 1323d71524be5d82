"""Lines of an export as typed objects. Anything that is not exactly of its form is refused with the line's number. Pure."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from conferences.errors import AuditExportTouched

HASH_BYTES = 32
PRUNED = "audit.pruned"


class ExportFile:
    """An export in a file, read anew each time somebody iterates over it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __iter__(self) -> Iterator[str]:
        with self.path.open(encoding="utf-8") as lines:
            yield from lines


@dataclass(slots=True)
class Entry:
    """One entry line. ``body`` is empty where it was pruned; ``covers`` is what an ``audit.pruned`` entry names."""

    line: int
    chain: str
    number: int
    body: str
    previous: str
    hash: str
    leaf: int | None
    covers: tuple[int, int] | None = None

    @property
    def name(self) -> str:
        """How messages name it."""
        return f"{self.chain} #{self.number} (line {self.line})"


def parse_line(line: int, text: str) -> dict[str, Any]:
    """The members of one line.

    Raises:
        AuditExportTouched: it is not one JSON object without repeated members.

    """
    try:
        members = json.loads(text, object_pairs_hook=_once)
    except (ValueError, RecursionError):
        members = None
    if not isinstance(members, dict):
        msg = f"line {line}"
        raise AuditExportTouched(msg, "changed: not one JSON object")
    return members


def read_entry(line: int, members: dict[str, Any]) -> Entry:
    """An entry line.

    Raises:
        AuditExportTouched: it is malformed.

    """
    try:
        leaf, previous, digest = members["leaf"], members["previous"], members["hash"]
        if "pruned" in members:
            body, text = members["pruned"], ""
            if len(bytes.fromhex(digest)) != HASH_BYTES:
                raise ValueError("not a hash")  # noqa: TRY301  one place for every malformation
        else:
            text = members["body"]
            body = json.loads(text, object_pairs_hook=_once)
            text.encode()
        if leaf is not None:
            whole(leaf)
        covers = _covered(body["details"]) if body.get("event") == PRUNED else None
        return Entry(line, str(body["chain"]), whole(body["number"]), text, previous, digest, leaf, covers)
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError):
        msg = f"line {line}"
        raise AuditExportTouched(msg, "changed: not an entry of any chain of the header") from None


def whole(number: object) -> int:
    """A whole number, not negative.

    Raises:
        TypeError, ValueError: it is none.

    """
    if not isinstance(number, int) or isinstance(number, bool):
        raise TypeError("not a whole number")
    if number < 0:
        raise ValueError("negative")
    return number


def _covered(details: dict[str, Any]) -> tuple[int, int]:
    return whole(details["first"]), whole(details["last"])


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member stands twice")
    return members
