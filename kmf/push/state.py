"""What a hub reads in one go, and what it records in batches: plain functions for a database thread."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction

from conferences.models import Conference
from conferences.services.audit import record
from kmf.errors import KMFUnavailable
from kmf.push.member import EpochKey
from kmf.selectors import PushState, push_state
from kmf.services.sealing import unseal_ekt_key
from roster.selectors import deltas_after
from roster.services.statements import position, sign_current, sign_policy, sign_snapshot
from roster.signing.chain import Position
from roster.signing.statement import Statement


@dataclass(frozen=True)
class Refresh:
    """State of a conference for its sockets; ``deltas`` are those above the number that the hub asked from.

    ``sealed``: there is a key, and it cannot be opened now.
    """

    state: PushState
    position: Position
    key: EpochKey | None
    deltas: list[tuple[int, dict[str, str]]]
    sealed: bool = False


@dataclass(frozen=True)
class Greeting:
    """What a ``welcome`` says besides the key."""

    policy: dict[str, str]
    snapshot: dict[str, str]
    number: int


@contextmanager
def one_snapshot() -> Iterator[None]:
    """Every read sees the same moment: who is present and which key is current must never come from two."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        yield


@one_snapshot()
def read_refresh(conference_id: str, after: int, now: datetime) -> Refresh:
    """Read state, key and deltas of one moment."""
    conference = Conference.objects.get(pk=conference_id)
    state = push_state(conference_id)
    deltas = [
        (int(row.number), Statement(bytes(row.body), bytes(row.signature)).as_message())
        for row in deltas_after(conference_id, after)
    ]
    at = position(conference=conference, now=now)
    try:
        return Refresh(state, at, _epoch_key(state, now), deltas)
    except KMFUnavailable:  # who is present is known all the same
        return Refresh(state, at, None, deltas, sealed=True)


@one_snapshot()
def read_greeting(conference_id: str, now: datetime) -> Greeting:
    """Signed policy and snapshot for a new or resynchronising socket."""
    conference = Conference.objects.get(pk=conference_id)
    number = position(conference=conference, now=now).number
    return Greeting(
        policy=sign_policy(conference=conference).as_message(),
        snapshot=sign_snapshot(conference=conference, now=now).as_message(),
        number=number,
    )


def read_current(conference_id: str, now: datetime) -> dict[str, str]:
    """A signed ``current`` of this moment."""
    return sign_current(at=position(conference=Conference.objects.get(pk=conference_id), now=now)).as_message()


@transaction.atomic
def record_batch(conference_id: str, event: str, holders: list[dict[str, object]], now: datetime) -> None:
    """One audit row for what several endpoints said within a tick."""
    conference = Conference.objects.select_related("organisation").get(pk=conference_id)
    record(event=event, at=now, actor="system", conference=conference, details={"endpoints": holders})


def _epoch_key(state: PushState, now: datetime) -> EpochKey | None:
    epoch = state.epoch
    if epoch is None or epoch.expires_at <= now:
        return None
    return EpochKey(
        number=int(epoch.number),
        spi=epoch.spi,
        key_id=epoch.key_id,
        ttl_s=int((epoch.expires_at - now).total_seconds()),
        reason=epoch.reason,
        ekt_key=unseal_ekt_key(epoch),
    )
