"""Reading typed claims: each function returns the value, or raises Malformed with a reason that names the claim."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from protocol.errors import Malformed

_LATEST = 253402300799  # last second that datetime can hold


def text(claims: Mapping[str, Any], name: str) -> str:
    """A text that is not empty."""
    value = claims.get(name)
    if not isinstance(value, str) or value == "":
        message = f"claim {name} is missing or not a text"
        raise Malformed(message)
    return value


def instant(claims: Mapping[str, Any], name: str) -> datetime:
    """Whole seconds since 1970, as an aware UTC time."""
    value = claims.get(name)
    if type(value) is not int or not 0 <= value <= _LATEST:
        message = f"claim {name} is missing or not a time"
        raise Malformed(message)
    return datetime.fromtimestamp(value, tz=UTC)


def texts(claims: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """A list of texts."""
    value = claims.get(name)
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        message = f"claim {name} is missing or not a list of texts"
        raise Malformed(message)
    return tuple(value)
