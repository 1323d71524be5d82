"""From the members of a verified body to typed values: exactly the members of docs/protocol.md section 4, in their order."""

from dataclasses import dataclass
from typing import Any

from protocol import base64url
from protocol.errors import ProtocolError
from roster.errors import StatementInvalid
from roster.signing.chain import Entry

_STANDING = ("kind", "conference", "number", "head", "epoch", "spi", "issued_at", "expires_at")
_SNAPSHOT = (*_STANDING, "endpoints")
_DELTA = (
    "kind", "conference", "number", "previous", "epoch", "spi", "issued_at", "expires_at", "cause", "joined", "left",
)  # fmt: skip
_ENTRY = (
    "source_id", "identity_key", "name", "identity", "verified_by", "role", "kind", "since", "invited_by",
    "admitted_by", "admitted_at",
)  # fmt: skip
_POLICY = (
    "kind", "conference", "title", "on_join", "past_access", "suites", "ttl_s", "rekey_s", "ends_at", "admission", "locked",
)  # fmt: skip
_LARGEST = 2**53 - 1  # what every JSON parser reads as it was written
_HASH_BYTES = 32


@dataclass(frozen=True)
class Place:
    """Chain number, epoch and lifetime that every roster statement names; times in whole seconds."""

    number: int
    epoch: int
    spi: int
    issued_at: int
    expires_at: int


@dataclass(frozen=True)
class Standing:
    """Body of ``current``, or of a snapshot with its entries; ``head`` is 32 bytes."""

    at: Place
    head: bytes
    entries: tuple[Entry, ...] = ()


@dataclass(frozen=True)
class Delta:
    """Body of a delta; ``left`` are pairs of source id and reason."""

    at: Place
    previous: bytes
    cause: str
    joined: tuple[Entry, ...]
    left: tuple[tuple[int, str], ...]


def read_snapshot(members: dict[str, Any]) -> Standing:
    """A snapshot.

    Raises:
        StatementInvalid: other members, other kinds, a source id twice.

    """
    _expect(members, _SNAPSHOT, kind="snapshot")
    entries = tuple(_entry(item) for item in _list(members["endpoints"]))
    if len({entry.source_id for entry in entries}) != len(entries):
        raise StatementInvalid("a source id stands twice")
    return Standing(_place(members), _hash(members["head"]), entries)


def read_current(members: dict[str, Any]) -> Standing:
    """A ``current``.

    Raises:
        StatementInvalid: other members or kinds.

    """
    _expect(members, _STANDING, kind="current")
    return Standing(_place(members), _hash(members["head"]))


def read_delta(members: dict[str, Any]) -> Delta:
    """A delta.

    Raises:
        StatementInvalid: other members or kinds.

    """
    _expect(members, _DELTA, kind="delta")
    left = [_members(item, ("source_id", "reason")) for item in _list(members["left"])]
    return Delta(
        at=_place(members),
        previous=_hash(members["previous"]),
        cause=_text(members["cause"]),
        joined=tuple(_entry(item) for item in _list(members["joined"])),
        left=tuple((_source_id(item["source_id"]), _text(item["reason"])) for item in left),
    )


def read_policy(members: dict[str, Any]) -> dict[str, Any]:
    """A policy's members.

    Raises:
        StatementInvalid: other members or kinds.

    """
    _expect(members, _POLICY, kind="policy")
    for name in ("title", "on_join", "past_access", "admission"):
        _text(members[name])
    for name in ("ttl_s", "rekey_s", "ends_at"):
        _whole(members[name])
    if not isinstance(members["locked"], bool):
        raise StatementInvalid("locked is neither true nor false")
    for suite in _list(members["suites"]):
        _whole(suite)
    return members


def _entry(item: object) -> Entry:
    members = _members(item, _ENTRY)
    return Entry(
        source_id=_source_id(members["source_id"]),
        identity_key=_hash(members["identity_key"]),
        name=_text(members["name"]),
        identity=_text(members["identity"]),
        verified_by=_text(members["verified_by"]),
        role=_text(members["role"]),
        kind=_text(members["kind"]),
        since=_whole(members["since"]),
        invited_by=_text(members["invited_by"]),
        admitted_by=_text(members["admitted_by"]),
        admitted_at=_whole(members["admitted_at"]),
    )


def _place(members: dict[str, Any]) -> Place:
    numbers = [_whole(members[name]) for name in ("number", "epoch", "spi", "issued_at", "expires_at")]
    place = Place(*numbers)
    if place.number < 1 or place.epoch < 1 or place.spi != place.epoch % 65536:
        raise StatementInvalid("number, epoch or SPI out of range")
    return place


def _expect(members: dict[str, Any], names: tuple[str, ...], *, kind: str) -> None:
    if _members(members, names)["kind"] != kind:
        raise StatementInvalid("statement of another kind")


def _members(value: object, names: tuple[str, ...]) -> dict[str, Any]:
    if not isinstance(value, dict) or tuple(value) != names:
        raise StatementInvalid("other members, or in another order")
    return value


def _list(value: object) -> list[Any]:
    if not isinstance(value, list):
        raise StatementInvalid("no list")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise StatementInvalid("no text")
    return value


def _whole(value: object) -> int:
    if type(value) is not int or not 0 <= value <= _LARGEST:
        raise StatementInvalid("no whole number")
    return value


def _source_id(value: object) -> int:
    number = _whole(value)
    if not 1 <= number < 2**32:
        raise StatementInvalid("source id out of range")
    return number


def _hash(value: object) -> bytes:
    try:
        return base64url.decode(_text(value), length=_HASH_BYTES)
    except ProtocolError:
        raise StatementInvalid("not base64url of 32 bytes") from None
