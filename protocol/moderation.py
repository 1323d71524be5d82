"""Body of an order of the initiator to his running conference (docs/protocol.md section 3)."""

from dataclasses import dataclass

from protocol import strict_json
from protocol.errors import Malformed
from protocol.words import REQUEST_LIMIT_BYTES

OF_CONFERENCE = frozenset({"look", "lock", "unlock"})
OF_PARTICIPANT = frozenset({"admit", "decline", "remove", "ban", "unban"})
_IDENTITY_LENGTH = 254


@dataclass(frozen=True)
class Order:
    """One order; ``participant`` is an identity, empty where the order concerns nobody in particular."""

    action: str
    participant: str = ""


def parse_order(body: bytes) -> Order:
    """Parse the JSON body.

    Raises:
        Malformed: another form than docs/protocol.md section 3.

    """
    members = strict_json.parse(body, limit=REQUEST_LIMIT_BYTES)
    action, participant = members.get("action"), members.get("participant", "")
    if not isinstance(action, str) or action not in OF_CONFERENCE | OF_PARTICIPANT:
        raise Malformed("unknown action")
    if set(members) != ({"action", "participant"} if action in OF_PARTICIPANT else {"action"}):
        raise Malformed("order has other members")
    if not isinstance(participant, str) or len(participant) > _IDENTITY_LENGTH or (action in OF_PARTICIPANT) != bool(participant):
        raise Malformed("participant is not an identity")
    return Order(action, participant)
