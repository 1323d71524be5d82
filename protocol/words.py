"""Names and limits that both trust domains use (docs/protocol.md sections 2 and 9)."""

from typing import Final

from protocol import base64url
from protocol.errors import Malformed

IDENTIFIER_BYTES: Final = 16
JKT_BYTES: Final = 32

REQUEST_LIMIT_BYTES: Final = 64 * 1024
SOCKET_MESSAGE_LIMIT_BYTES: Final = 256 * 1024
TOKEN_LIMIT_BYTES: Final = 8 * 1024

ACCESS_TOKEN_LIFETIME_S: Final = 300
CLOCK_SKEW_S: Final = 30

CLIENT_ENDPOINT: Final = "endpoint"
CLIENT_CORE: Final = "core"
CLIENT_DEVICE: Final = "device"  # room systems and services, each by a key of its own
SCOPE_CORE: Final = "core"
SCOPE_CONFERENCE_PREFIX: Final = "conference:"

ENCRYPTION_KEY_USAGE: Final = "EKT"


def check_identifier(text: object) -> str:
    """Return ``text`` if it is an identifier: 22 characters, base64url of 16 bytes.

    Raises:
        Malformed: it is anything else.

    """
    if not isinstance(text, str):
        raise Malformed("not an identifier")
    base64url.decode(text, IDENTIFIER_BYTES)
    return text


def conference_scope(conference_id: str) -> str:
    """Scope of a grant for one conference."""
    return SCOPE_CONFERENCE_PREFIX + conference_id


def conference_of_scope(scope: str) -> str:
    """Conference id that ``scope`` names.

    Raises:
        Malformed: the scope is not that of exactly one conference.

    """
    if not scope.startswith(SCOPE_CONFERENCE_PREFIX):
        raise Malformed("not the scope of a conference")
    return check_identifier(scope.removeprefix(SCOPE_CONFERENCE_PREFIX))
