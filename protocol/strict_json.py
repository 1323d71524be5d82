"""JSON objects from outside: one meaning only (docs/protocol.md section 1).

What parsers disagree about is refused: duplicate members, NaN, lone surrogates, NUL (no database text can hold it).
"""

import json
from typing import Any, NoReturn

from protocol.errors import Malformed


def parse(raw: bytes, limit: int) -> dict[str, Any]:
    """Parse one JSON object.

    Args:
        raw: UTF-8 bytes.
        limit: largest accepted number of bytes.

    Raises:
        Malformed: too large, not UTF-8, not JSON, not an object, or open to two readings.

    """
    if len(raw) > limit:
        raise Malformed("JSON over its limit")
    try:
        text = raw.decode("utf-8")
        value = _DECODER.decode(text)
        if "\\u" in text:
            _check_characters(value)
    except (ValueError, RecursionError):
        raise Malformed("not JSON") from None
    if not isinstance(value, dict):
        raise Malformed("JSON is not an object")
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise Malformed("JSON member twice")
    return members


def _refuse_constant(_name: str) -> NoReturn:
    raise Malformed("JSON number is not finite")


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_refuse_constant)  # json.loads makes one for each call


def _check_characters(value: Any) -> None:
    # Only escapes can bring these in: raw text was valid UTF-8, and raw control characters are refused by the parser.
    text = json.dumps(value, ensure_ascii=False)
    text.encode("utf-8")
    if "\\u0000" in text.replace("\\\\", ""):
        raise Malformed("JSON text holds NUL")
