"""What a hub reads in one go, and what it records in batches: plain functions for a database thread."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction

from conferences.models import Conference
from conferences.services.audit import Fact, record_all
from kmf.errors import KMFUnavailable
from kmf.models import Epoch, KeyState
from kmf.push.member import EpochKey
from kmf.push.notes import Note
from kmf.selectors import current_epoch, present_sources, state_row
from kmf.services.sealing import unseal_ekt_key
from roster.models import RosterDelta
from roster.selectors import deltas_after
from roster.services.statements import position, sign_current, sign_policy, sign_snapshot
from roster.signing.chain import Position
from roster.signing.statement import Statement


@dataclass(frozen=True)
class Refresh:
    """State of a conference for its sockets, of one moment; statements are JSON as they stand in a message.

    ``sealed``: there is a key, and it cannot be opened now.
    """

    version: int
    closed: bool
    present: frozenset[int]
    key: EpochKey | None
    deltas: list[tuple[int, bytes]]
    current: bytes
    sealed: bool = False


@dataclass(frozen=True)
class Welcome:
    """What a ``welcome`` says besides the member's own wrap; ``present`` are those whom its snapshot names."""

    version: int
    closed: bool
    present: frozenset[int]
    key: EpochKey | None
    number: int
    statements: bytes


@contextmanager
def one_snapshot() -> Iterator[None]:
    """Every read sees the same moment: who is present and which key is current must never come from two."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        yield


def read_change(conference_id: str, known: int, after: int, now: datetime) -> tuple[Refresh | None, KeyState]:
    """What changed since version ``known``, with the deltas above ``after``; and the key state.

    One query where nothing changed.
    """
    state = state_row(conference_id)
    if state.version == known:
        return None, state
    return _read_refresh(conference_id, after, now)


@one_snapshot()
def _read_refresh(conference_id: str, after: int, now: datetime) -> tuple[Refresh, KeyState]:
    state = state_row(conference_id)
    deltas = deltas_after(conference_id, after)
    key, sealed = None, False
    try:
        key = _epoch_key(current_epoch(conference_id), now)
    except KMFUnavailable:  # who is present is known all the same
        sealed = True
    refresh = Refresh(
        version=int(state.version),
        closed=state.closed_at is not None,
        present=present_sources(conference_id),
        key=key,
        sealed=sealed,
        deltas=[(int(row.number), b'"delta":' + Statement(bytes(row.body), bytes(row.signature)).as_json()) for row in deltas],
        current=b'"current":' + sign_current(at=_standing(conference_id, deltas, now)).as_json(),
    )
    return refresh, state


@one_snapshot()
def read_welcome(conference_id: str, now: datetime) -> Welcome:
    """Signed policy and snapshot, and the current key, for sockets that are new or resynchronise."""
    conference = Conference.objects.get(pk=conference_id)
    state = state_row(conference_id)
    policy, snapshot = sign_policy(conference=conference), sign_snapshot(conference=conference, now=now)
    return Welcome(
        version=int(state.version),
        closed=state.closed_at is not None,
        present=present_sources(conference_id),
        key=_epoch_key(current_epoch(conference_id), now),
        number=position(conference=conference, now=now).number,
        statements=b'"policy":' + policy.as_json() + b',"roster":' + snapshot.as_json(),
    )


def read_current(conference_id: str, now: datetime) -> bytes:
    """A signed ``current`` of this moment."""
    conference = Conference.objects.get(pk=conference_id)
    return b'"current":' + sign_current(at=position(conference=conference, now=now)).as_json()


@transaction.atomic
def record_notes(conference_id: str, notes: Mapping[Note, list[int]], now: datetime) -> None:
    """One audit row for what several endpoints said alike within a tick: what it was, and their source ids."""
    conference = Conference.objects.select_related("organisation").get(pk=conference_id)
    facts = [Fact(event, {**dict(said), "endpoints": source_ids}) for (event, said), source_ids in notes.items()]
    record_all(facts=facts, at=now, actor="system", conference=conference)


def _standing(conference_id: str, newest: list[RosterDelta], now: datetime) -> Position:
    """Where the roster stands: after the newest delta, which need not be read again."""
    if not newest:
        return position(conference=Conference.objects.get(pk=conference_id), now=now)
    last = newest[-1]
    return Position(conference_id, last.number, bytes(last.head), last.epoch, last.epoch % 65536, int(now.timestamp()))


def _epoch_key(epoch: Epoch | None, now: datetime) -> EpochKey | None:
    if epoch is None or epoch.expires_at <= now:
        return None
    return EpochKey(
        number=int(epoch.number),
        spi=epoch.spi,
        key_id=epoch.key_id,
        expires_at=epoch.ends_at(now),
        reason=epoch.reason,
        ekt_key=unseal_ekt_key(epoch),
    )
