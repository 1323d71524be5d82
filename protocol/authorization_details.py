"""What one authorization is asked for, where a recent sign-in is not enough: one named action (docs/protocol.md section 2).

The page that asks the person shows these members, and the token that it leads to carries them: what was confirmed is what may
be done, and nothing else.

Spec: RFC 9396 sections 2, 6.1, 7.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from protocol import strict_json
from protocol.errors import Malformed
from protocol.words import check_identifier

INVITE = "invite"
KINDS = frozenset({"person", "room", "recorder"})
_LIMIT_BYTES = 2048
_IDENTITY_LENGTH, _NAME_LENGTH = 254, 200
_MEMBERS = {"type", "conference", "identity", "name", "kind"}


@dataclass(frozen=True)
class Invite:
    """Inviting one identity into one conference. ``name`` may be empty, ``kind`` is ``person``, ``room`` or ``recorder``."""

    conference: str
    identity: str
    name: str
    kind: str

    def members(self) -> dict[str, str]:
        """The object, as request and token carry it."""
        shown = {"identity": self.identity, "name": self.name, "kind": self.kind}
        return {"type": INVITE, "conference": self.conference, **shown}


def parse_details(text: str) -> Invite:
    """Parse the ``authorization_details`` of a request: a JSON array of exactly one object.

    Raises:
        Malformed: anything else, an unknown type among it.

    """
    # One object around it, for the one strict parser; a text that closes it early brings a second member.
    whole = strict_json.parse(b'{"details":' + text.encode("utf-8", "surrogatepass") + b"}", _LIMIT_BYTES)
    if whole.keys() != {"details"}:
        raise Malformed("authorization details are not one value")
    return read_details(whole["details"])


def read_details(value: Any) -> Invite:
    """Read ``authorization_details`` as a token's claims hold them.

    Raises:
        Malformed: not exactly one action of a known type and form.

    """
    if not isinstance(value, list) or len(value) != 1 or not isinstance(value[0], Mapping):
        raise Malformed("not exactly one action")
    members = value[0]
    if members.keys() != _MEMBERS or members["type"] != INVITE:
        raise Malformed("unknown action")
    identity = _shown(members["identity"], _IDENTITY_LENGTH)
    if "@" not in identity or identity != identity.lower() or " " in identity:
        raise Malformed("not an identity")
    if members["kind"] not in KINDS:
        raise Malformed("neither a person nor a room nor a recorder")
    return Invite(check_identifier(members["conference"]), identity, _shown(members["name"], _NAME_LENGTH), members["kind"])


def _shown(value: Any, length: int) -> str:
    """A text that looks like what it is: no control characters, no marks that turn the writing direction, no line ends."""
    if not isinstance(value, str) or len(value) > length or not value.isprintable():
        raise Malformed("not a text that can be shown")
    return value
