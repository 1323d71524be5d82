"""What the model knows of one conference. Rules wrote it (``keys``, ``door``, ``events``); nothing was read from the product."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any


@dataclass(frozen=True)
class Policy:
    """What was scheduled."""

    rekeys_on_join: bool
    keeps_past: bool
    has_lobby: bool
    seats: int
    life: timedelta
    period: timedelta
    opens_at: datetime
    closes_at: datetime


@dataclass
class Waits:
    """Somebody at the door."""

    since: datetime
    asked_at: datetime
    declined_at: datetime | None = None


@dataclass
class Person:
    """An identity and its rights; ``invited_at`` is None for a stranger."""

    is_initiator: bool = False
    invited_at: datetime | None = None
    is_withdrawn: bool = False
    is_active: bool = True
    admitted_at: datetime | None = None
    is_removed: bool = False
    is_banned: bool = False
    waits: Waits | None = None

    @property
    def let_in_at(self) -> datetime | None:
        """When the initiator let him in; not if it was under an earlier invitation."""
        if self.admitted_at is None or self.invited_at is None or self.admitted_at < self.invited_at:
            return None
        return self.admitted_at


@dataclass
class Stay:
    """One membership. Its number is its place in the book."""

    who: int
    device: int
    since: datetime
    seen_at: datetime
    left_at: datetime | None = None
    reason: str = ""
    is_announced: bool = False  # that it is over
    is_connected: bool = False


@dataclass
class Key:
    """One epoch. ``holders`` are numbers of stays that may decrypt what is sent under it."""

    number: int
    cause: str
    opened_at: datetime
    expires_at: datetime
    holders: set[int]
    state: str = "current"
    closed_at: datetime | None = None
    destroyed_at: datetime | None = None


@dataclass
class Denials:
    """Denials of one person that were alike; ``more`` came after the first of the minute."""

    since: datetime
    more: int = 0


@dataclass
class Book:
    """One conference, by its model."""

    policy: Policy
    people: list[Person]
    stays: list[Stay] = field(default_factory=list)
    keys: list[Key] = field(default_factory=list)
    changes: list[tuple[Any, ...]] = field(default_factory=list)  # of the roster: epoch, cause, joined, left
    written: list[tuple[Any, ...]] = field(default_factory=list)  # audit: when, what, details
    denied: list[tuple[Any, ...]] = field(default_factory=list)  # … its denials: when, who, why, how many more
    orders: list[tuple[str, int | None]] = field(default_factory=list)  # to the provider
    alike: dict[tuple[int, str], Denials] = field(default_factory=dict)
    revoked: set[tuple[int, int]] = field(default_factory=set)  # who, device
    is_begun: bool = False  # a key was given
    ended_at: datetime | None = None
    end_reason: str = ""
    locked_at: datetime | None = None
    closed_at: datetime | None = None  # its keys are over
    key_destroyed_at: datetime | None = None
    leavers_due_at: datetime | None = None
    leavers_out_at: datetime | None = None
    looked_at: datetime | None = None
    listening_since: datetime | None = None

    @property
    def current(self) -> Key | None:
        return next((key for key in self.keys if key.state == "current"), None)

    @property
    def present(self) -> list[int]:
        """Numbers of stays that last."""
        return [number for number, stay in enumerate(self.stays) if stay.left_at is None]

    @property
    def unannounced(self) -> list[int]:
        """Numbers of stays that are over, and nobody was told."""
        return [number for number, stay in enumerate(self.stays) if stay.left_at is not None and not stay.is_announced]

    def stays_of(self, who: int) -> list[Stay]:
        return [stay for stay in self.stays if stay.who == who]

    def stay_at(self, who: int, device: int) -> int | None:
        """Number of the stay that a device has now."""
        return next((n for n in self.present if (self.stays[n].who, self.stays[n].device) == (who, device)), None)

    def write(self, event: str, at: datetime, **details: Any) -> None:
        """An audit row."""
        self.written.append((at, event, details))

    def tell_change(self, cause: str, *, epoch: int | None = None, joined: Iterable[int] = (), left: Iterable[int] = ()) -> None:
        """A change of the roster, for everybody."""
        gone = sorted((number, self.stays[number].reason) for number in left)
        for number, _ in gone:
            self.stays[number].is_announced = True
        self.changes.append((len(self.keys) if epoch is None else epoch, cause, sorted(joined), gone))

    def check(self) -> None:
        """What holds of every conference, whatever the rules say."""
        assert [key.number for key in self.keys] == list(range(1, len(self.keys) + 1))
        assert [key.number for key in self.keys if key.state == "current"] in ([], [len(self.keys)])
        for key in self.keys:
            for number in key.holders:
                left_at = self.stays[number].left_at
                assert left_at is None or left_at >= key.opened_at, "a key that was made after a leave is held by the leaver"
        for number in self.present:
            person = self.people[self.stays[number].who]
            assert not person.is_banned
            assert not person.is_removed
        assert len({self.stays[number].who for number in self.present}) == len(self.present)
