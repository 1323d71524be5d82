"""A date, a clock time and a zone become one moment; the hours that clocks skip or repeat are explained. Pure."""

import difflib
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from django.core.exceptions import ValidationError

_NOT_PLACES = ("Etc/", "SystemV/", "posix/", "right/")


@cache
def known_zones() -> frozenset[str]:
    """Every IANA name that is accepted; browsers report some of the older ones."""
    return frozenset(name for name in available_timezones() if not name.startswith(_NOT_PLACES))


@cache
def offered_zones() -> tuple[str, ...]:
    """Names to choose from: ``Area/City`` and UTC, in order."""
    return ("UTC", *sorted(name for name in known_zones() if "/" in name and not name.startswith("US/")))


def parse_zone(text: str) -> str:
    """IANA name of a zone, whatever its capitals; spaces stand for underscores.

    Raises:
        ValidationError: there is none; the message suggests the nearest.

    """
    wanted = text.strip().replace(" ", "_").lower()
    for name in known_zones():
        if name.lower() == wanted:
            return name
    cities = {name.rsplit("/", 1)[-1].lower(): name for name in offered_zones()}
    if wanted in cities:
        return cities[wanted]
    near = difflib.get_close_matches(wanted, [*cities, *(name.lower() for name in offered_zones())], n=1, cutoff=0.6)
    hint = f" Did you mean {_by_lower(near[0], cities)}?" if near else " Type a city, for instance Berlin or New York."
    msg = f"There is no time zone of this name.{hint}"
    raise ValidationError(msg, code="unknown_zone")


def _by_lower(name: str, cities: dict[str, str]) -> str:
    return cities.get(name) or next(zone for zone in offered_zones() if zone.lower() == name)


def resolve(day: date, clock: time, zone: str, which: str = "") -> datetime:
    """The moment, UTC.

    Args:
        day: in ``zone``.
        clock: in ``zone``.
        zone: IANA name.
        which: ``first`` or ``second`` where the clock shows this time twice that day.

    Raises:
        ValidationError: code ``skipped_time`` or ``repeated_time``.

    """
    early, late = (datetime.combine(day, clock, ZoneInfo(zone)).replace(fold=fold) for fold in (0, 1))
    if early.utcoffset() == late.utcoffset():
        return early.astimezone(UTC)
    if early.astimezone(UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None) != early.replace(tzinfo=None):
        raise ValidationError(_skipped_words(early, zone), code="skipped_time")
    if which not in {"first", "second"}:
        msg = f"On this day {zone.replace('_', ' ')} puts its clocks back and {clock:%H:%M} comes twice. Choose which one."
        raise ValidationError(
            msg,
            code="repeated_time",
        )
    return (early if which == "first" else late).astimezone(UTC)


def _skipped_words(wall: datetime, zone: str) -> str:
    # Read with the offset before the jump, a skipped time comes out as the time that the clocks then show.
    shown = wall.astimezone(UTC).astimezone(ZoneInfo(zone))
    jump = shown.replace(tzinfo=None) - wall.replace(tzinfo=None)
    return (
        f"{wall:%H:%M} does not exist in {zone.replace('_', ' ')} on this day: clocks go forward by "
        f"{jump // timedelta(minutes=1)} minutes. Choose {shown:%H:%M} or a time before the change."
    )
