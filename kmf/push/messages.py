"""What an endpoint may say on the push socket (docs/protocol.md section 5)."""

import re
from typing import Any

from protocol import strict_json
from protocol.errors import Malformed

MESSAGE_LIMIT = 256 * 1024  # bytes
EPOCHS_AT_ONCE = 1000
_MEMBERS: dict[str, dict[str, type | tuple[type, ...]]] = {
    "hello": {"token": str, "proof": str},
    "installed": {"epoch": int},
    "heartbeat": {"number": int},
    "state": {},
    "renew": {"token": str, "proof": str},
    "media": {"sending": bool, "problem": (str, type(None))},
    "leaving": {},
    "deleted": {"epochs": list},
}
_INSTALLED = re.compile(rb'\{"type":"installed","epoch":([1-9][0-9]{0,17})\}')
_HEARTBEAT = re.compile(rb'\{"type":"heartbeat","number":(?:0|[1-9][0-9]{0,17})\}')


def parse_message(text: str) -> dict[str, Any]:
    """Parse one message.

    Raises:
        Malformed: unknown type, other members, or a member of another kind.

    """
    message = strict_json.parse(text.encode(), limit=MESSAGE_LIMIT)
    kind = message.get("type")
    if not isinstance(kind, str) or kind not in _MEMBERS:
        raise Malformed("unknown message type")
    expected = _MEMBERS[kind]
    if set(message) != {"type", *expected}:
        raise Malformed("message has other members")
    for name, kinds in expected.items():
        if not isinstance(message[name], kinds) or (kinds is int and isinstance(message[name], bool)):
            raise Malformed("message member of another kind")
    numbers = message.get("epochs", [message.get("epoch", 1)])
    if len(numbers) > EPOCHS_AT_ONCE or not all(type(number) is int and 0 < number < 2**63 for number in numbers):
        raise Malformed("epoch out of range")
    return message


def installed_epoch(payload: bytes) -> int | None:
    """The epoch of an ``installed`` in its most compact form; None for anything else, which ``parse_message`` judges."""
    found = _INSTALLED.fullmatch(payload)
    return None if found is None else int(found[1])


def is_plain_heartbeat(payload: bytes) -> bool:
    """Whether this is a ``heartbeat`` in its most compact form; if not, ``parse_message`` judges it."""
    return _HEARTBEAT.fullmatch(payload) is not None
