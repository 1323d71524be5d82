"""One signed snapshot for all who join within the same second: at 1,000 endpoints it is 400 kB, and the same for everybody.

A process keeps the newest of each conference. What is kept is public to the conference's members and holds no key.
"""

import threading
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime

from conferences.models import Conference
from roster.selectors import present_entries
from roster.services.signing_key import statement_key
from roster.services.statements import position
from roster.signing import statement
from roster.signing.chain import Position, snapshot_members
from roster.signing.statement import sign

KEPT = 64  # conferences
_lock = threading.Lock()
_newest: "OrderedDict[str, SharedSnapshot]" = OrderedDict()


@dataclass(frozen=True)
class SharedSnapshot:
    """A snapshot at delta ``at.number`` of second ``at.now``; ``message`` is ``{"body", "signature"}`` as it travels."""

    at: Position
    message: dict[str, str]


def shared_snapshot(*, conference: Conference, now: datetime) -> SharedSnapshot:
    """The snapshot of this moment, signed once for a number and second.

    Call it in the transaction whose moment the ``welcome`` tells (the roster's number names everybody in it).
    """
    at = position(conference=conference, now=now)
    with _lock:
        kept = _newest.get(conference.id)
        if kept is not None and kept.at == at:
            return kept
    made = _sign(conference, at)
    with _lock:
        _newest[conference.id] = made
        _newest.move_to_end(conference.id)
        while len(_newest) > KEPT:
            _newest.popitem(last=False)
    return made


def _sign(conference: Conference, at: Position) -> SharedSnapshot:
    members = snapshot_members(at=at, endpoints=present_entries(conference.id))
    return SharedSnapshot(at, sign(members, label=statement.ROSTER, key=statement_key()).as_message())
