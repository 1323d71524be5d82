"""Times in words, for pages and mails: always a day, a time and the zone it is meant in. Pure; no clock."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo


def offset_words(moment: datetime) -> str:
    """Offset of an aware moment: ``UTC``, ``UTC+2``, ``UTC+5:30``; a true minus west of Greenwich."""
    offset = moment.utcoffset() or timedelta()
    if not offset:
        return "UTC"
    minutes = abs(int(offset.total_seconds())) // 60
    sign = "+" if offset > timedelta() else "\N{MINUS SIGN}"
    return f"UTC{sign}{minutes // 60}" + (f":{minutes % 60:02}" if minutes % 60 else "")


def zone_words(moment: datetime, zone: str) -> str:
    """Zone at a moment: ``Europe/Berlin (CEST, UTC+2)``; the abbreviation only where the zone has one."""
    if zone == "UTC":
        return "UTC"
    local = moment.astimezone(ZoneInfo(zone))
    abbreviation = local.tzname() or ""
    inside = f"{abbreviation}, {offset_words(local)}" if abbreviation.isalpha() else offset_words(local)
    return f"{zone.replace('_', ' ')} ({inside})"


def day_words(moment: datetime, zone: str) -> str:
    """``Wednesday, 12 August 2026`` in ``zone``."""
    local = moment.astimezone(ZoneInfo(zone))
    return f"{local:%A}, {local.day} {local:%B %Y}"


def clock_words(moment: datetime, zone: str) -> str:
    """``14:00`` in ``zone``."""
    return f"{moment.astimezone(ZoneInfo(zone)):%H:%M}"


def clock_span_words(start: datetime, end: datetime, zone: str) -> str:
    """From clock to clock; an end on another day names that day."""
    first, last = (moment.astimezone(ZoneInfo(zone)) for moment in (start, end))
    if first.date() == last.date():
        return f"{first:%H:%M}\N{EN DASH}{last:%H:%M}"
    return f"{first:%H:%M} \N{EN DASH} {day_words(end, zone)}, {last:%H:%M}"


def span_words(start: datetime, end: datetime, zone: str) -> str:
    """Day, then clock to clock, in ``zone``: ``Wednesday, 12 August 2026, 14:00`` to ``15:00`` with a dash between."""
    return f"{day_words(start, zone)}, {clock_span_words(start, end, zone)}"


def duration_words(minutes: int) -> str:
    """``45 minutes``, ``1 hour``, ``2 hours 30 minutes``."""
    hours, rest = divmod(minutes, 60)
    parts = [f"{hours} hour{'s' * (hours != 1)}"] if hours else []
    parts += [f"{rest} minute{'s' * (rest != 1)}"] if rest else []
    return " ".join(parts)
