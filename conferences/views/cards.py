"""A conference as the pages show it: its times in words, its state, what can be done now."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

from conferences.links import conference_uri
from conferences.models import Conference
from conferences.rules import State, state_of
from conferences.time_words import clock_span_words, clock_words, day_words, duration_words, span_words, zone_words


@dataclass(frozen=True, slots=True)
class Card:
    """One conference in one zone. ``state`` is a ``State``; ``state_text`` says it with its time."""

    conference: Conference
    state: str
    state_text: str
    tone: str
    can_join: bool
    is_over: bool
    uri: str
    day: str
    clock: str
    zone: str
    when: str
    duration: str
    elsewhere: str  # the same times in the conference's own zone where that is another one


@dataclass(frozen=True, slots=True)
class Day:
    """Cards of one day of the viewer; ``note`` is Today, Tomorrow or empty."""

    title: str
    note: str
    cards: list[Card]


def card_of(conference: Conference, *, zone: str | None, now: datetime) -> Card:
    """Card of ``conference`` in ``zone``, or in its own where that is None."""
    shown = zone or conference.time_zone
    state = state_of(conference, now)
    start, end = conference.starts_at, conference.scheduled_end_at
    other = shown != conference.time_zone and start.astimezone(conference.zone).utcoffset() != _offset(start, shown)
    text, tone = _state_words(conference, state, shown, now)
    return Card(
        conference=conference,
        state=state.value,
        state_text=text,
        tone=tone,
        can_join=state in {State.OPEN, State.RUNNING, State.GRACE},
        is_over=state is State.ENDED,
        uri=conference_uri(conference.id),
        day=day_words(start, shown),
        clock=clock_span_words(start, end, shown),
        zone=zone_words(start, shown),
        when=span_words(start, end, shown),
        duration=duration_words(conference.duration_min),
        elsewhere=_elsewhere(conference, shown) if other else "",
    )


def _elsewhere(conference: Conference, shown: str) -> str:
    zone, start, end = conference.time_zone, conference.starts_at, conference.scheduled_end_at
    same_day = day_words(start, shown) == day_words(start, zone)
    return f"{clock_span_words(start, end, zone) if same_day else span_words(start, end, zone)} in {zone.replace('_', ' ')}"


def days_of(conferences: Iterable[Conference], *, zone: str | None, now: datetime) -> list[Day]:
    """Cards grouped by the day on which they start, in the given order."""
    cards = [card_of(conference, zone=zone, now=now) for conference in conferences]
    return [_day(title, list(group), zone, now) for title, group in groupby(cards, key=lambda card: card.day)]


def _day(title: str, cards: list[Card], zone: str | None, now: datetime) -> Day:
    shown = zone or cards[0].conference.time_zone
    local = cards[0].conference.starts_at.astimezone(ZoneInfo(shown)).date()
    away = (local - now.astimezone(ZoneInfo(shown)).date()).days
    return Day(title, {0: "Today", 1: "Tomorrow", -1: "Yesterday"}.get(away, ""), cards)


def _state_words(conference: Conference, state: State, zone: str, now: datetime) -> tuple[str, str]:
    if state is State.SCHEDULED:
        opens = conference.opens_at
        same_day = day_words(opens, zone) == day_words(now, zone)
        return (f"Opens at {clock_words(opens, zone)}" if same_day else "Scheduled"), ""
    if state is State.OPEN:
        return "Open", "good"
    if state is State.RUNNING:
        return "Running", "good"
    if state is State.GRACE:
        return f"Closes at {clock_words(conference.closes_at, zone)}", "warn"
    if conference.ended_at is not None and conference.ended_at < conference.starts_at:
        return "Called off", "bad"
    return "Ended", ""


def _offset(moment: datetime, zone: str) -> timedelta | None:
    return moment.astimezone(ZoneInfo(zone)).utcoffset()
