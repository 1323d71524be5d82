"""Who could decrypt what, when: read from the audit entries that the KMF wrote in the transaction of each fact.

Whoever holds the key of epoch n can decrypt what was sent under epoch n: from its opening until epoch n + 1 opened or
epoch n was revoked. When he got the key, or that he left meanwhile, does not shorten this ([PERC] 4.8).

Entries of epochs name their holders by source id; who that is, ``key.released`` says once.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from conferences.models import AuditEntry, Conference
from conferences.selectors.audit_entries import ReadEntry, read_entry

SAID = {"key.delivered": "delivered", "key.installed": "acknowledged", "key.deleted": "deleted"}
EVENTS = ("epoch.opened", "epoch.shared", "epoch.revoked", "epoch.destroyed", "endpoint.left", "key.released", *SAID)


@dataclass(slots=True)
class EpochSpan:
    """One epoch. ``closed_at`` is None while it is current; ``destroyed_at`` when its sealed key was destroyed."""

    number: int
    spi: int
    key_id: str
    reason: str
    opened_at: datetime
    closed_at: datetime | None = None
    destroyed_at: datetime | None = None
    holder_count: int = 0


@dataclass(frozen=True, slots=True)
class Hold:
    """Consecutive epochs ``first`` … ``last`` that one endpoint held, as one stretch of time."""

    first: int
    last: int
    from_at: datetime
    until_at: datetime | None


@dataclass(slots=True)
class HoldingEndpoint:
    """One endpoint: whose, what it held, and when it left."""

    source_id: int
    identity: str
    name: str
    epochs: list[int] = field(default_factory=list)
    holds: list[Hold] = field(default_factory=list)
    left_at: datetime | None = None
    left_reason: str = ""
    delivered: dict[int, datetime] = field(default_factory=dict)  # epoch → when its key was sent to this endpoint
    acknowledged: dict[int, datetime] = field(default_factory=dict)  # … when the endpoint said that it holds it
    deleted: dict[int, datetime] = field(default_factory=dict)  # … when the endpoint said that it is gone


@dataclass(frozen=True, slots=True)
class KeyHolds:
    """The picture: epochs by number, endpoints by their first epoch."""

    epochs: list[EpochSpan]
    endpoints: list[HoldingEndpoint]


def key_holds(conference: Conference) -> KeyHolds:
    """Key holds of ``conference`` from its audit chain."""
    rows = AuditEntry.objects.filter(chain=conference.id, event__in=EVENTS).order_by("number")
    return holds_from_entries(read_entry(row) for row in rows.iterator(chunk_size=500))


def holds_from_entries(entries: Iterable[ReadEntry]) -> KeyHolds:
    """Key holds from entries in the order of their chain. Pure."""
    epochs: dict[int, EpochSpan] = {}
    endpoints: dict[int, HoldingEndpoint] = {}
    for entry in entries:
        _take(entry, epochs, endpoints)
    for endpoint in endpoints.values():
        endpoint.holds = _stretches(endpoint.epochs, epochs)
    holding = [endpoint for endpoint in endpoints.values() if endpoint.epochs]
    order = sorted(holding, key=lambda one: (one.epochs[0], one.identity))
    return KeyHolds([epochs[number] for number in sorted(epochs)], order)


def _take(entry: ReadEntry, epochs: dict[int, EpochSpan], endpoints: dict[int, HoldingEndpoint]) -> None:
    details = entry.details
    if entry.event == "epoch.opened":
        _close(epochs, entry.at)
        number = details["epoch"]
        epochs[number] = EpochSpan(number, details["spi"], details["key_id"], details["reason"], entry.at)
        _add_holders(entry, epochs, endpoints)
    elif entry.event == "epoch.shared":
        _add_holders(entry, epochs, endpoints)
    elif entry.event == "epoch.revoked":
        _close(epochs, entry.at)
    elif entry.event == "epoch.destroyed":
        for number in details["epochs"] if "epochs" in details else [details["epoch"]]:
            if number in epochs:
                epochs[number].destroyed_at = entry.at
    elif entry.event == "endpoint.left" and details["source_id"] in endpoints:
        endpoint = endpoints[details["source_id"]]
        endpoint.left_at, endpoint.left_reason = entry.at, details["reason"]
    elif entry.event == "key.released":
        endpoint = _endpoint(endpoints, details["source_id"])
        endpoint.identity, endpoint.name = details["identity"], details["name"]
        endpoint.delivered.setdefault(details["epoch"], entry.at)
    elif entry.event in SAID:
        _take_said(entry, endpoints)


def _take_said(entry: ReadEntry, endpoints: dict[int, HoldingEndpoint]) -> None:
    """What endpoints said, or were sent, of one epoch or several."""
    details = entry.details
    for source_id in details["endpoints"]:
        times: dict[int, datetime] = getattr(_endpoint(endpoints, source_id), SAID[entry.event])
        for number in details["epochs"] if "epochs" in details else [details["epoch"]]:
            times.setdefault(number, entry.at)


def _endpoint(endpoints: dict[int, HoldingEndpoint], source_id: int) -> HoldingEndpoint:
    return endpoints.setdefault(source_id, HoldingEndpoint(source_id, "", ""))


def _close(epochs: dict[int, EpochSpan], at: datetime) -> None:
    for number in reversed(epochs):  # the latest first: all before a closed one are closed
        if epochs[number].closed_at is not None:
            break
        epochs[number].closed_at = at


def _add_holders(entry: ReadEntry, epochs: dict[int, EpochSpan], endpoints: dict[int, HoldingEndpoint]) -> None:
    number = entry.details["epoch"]
    for source_id in entry.details["holders"]:
        endpoint = _endpoint(endpoints, source_id)
        if endpoint.epochs and endpoint.epochs[-1] == number:
            continue
        endpoint.epochs.append(number)
        if number in epochs:
            epochs[number].holder_count += 1


def _stretches(numbers: list[int], epochs: dict[int, EpochSpan]) -> list[Hold]:
    """Join epochs that follow each other without a gap in time."""
    holds: list[Hold] = []
    for number in sorted(set(numbers) & epochs.keys()):
        span = epochs[number]
        before = holds[-1] if holds else None
        if before is not None and before.last == number - 1 and before.until_at == span.opened_at:
            holds[-1] = Hold(before.first, number, before.from_at, span.closed_at)
        else:
            holds.append(Hold(number, number, span.opened_at, span.closed_at))
    return holds
