"""Days, clocks and zones; hours that are skipped or repeated."""

from datetime import UTC, date, datetime, time

import pytest
from django.core.exceptions import ValidationError

from conferences.forms.local_time import known_zones, offered_zones, parse_zone, resolve


@pytest.mark.parametrize(
    ("text", "zone"),
    [
        ("Europe/Berlin", "Europe/Berlin"),
        ("europe/berlin ", "Europe/Berlin"),
        ("New York", "America/New_York"),
        ("America/New York", "America/New_York"),
        ("Asia/Calcutta", "Asia/Calcutta"),
        ("utc", "UTC"),
    ],
)
def test_zone_names(text: str, zone: str) -> None:
    assert parse_zone(text) == zone


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("Europe/Berln", "Europe/Berlin"),
        ("Berln", "Europe/Berlin"),
        ("xyzzy", "Type a city"),
        ("../etc/passwd", "Type a city"),
        ("", "Type a city"),
    ],
)
def test_no_zone(text: str, hint: str) -> None:
    with pytest.raises(ValidationError, match=hint):
        parse_zone(text)


def test_the_list_is_whole() -> None:
    assert len(offered_zones()) > 400
    assert set(offered_zones()) <= known_zones()


@pytest.mark.parametrize(
    ("day", "clock", "zone", "expected"),
    [
        (date(2026, 8, 12), time(14), "Europe/Berlin", datetime(2026, 8, 12, 12, tzinfo=UTC)),
        (date(2026, 8, 12), time(14), "Asia/Kolkata", datetime(2026, 8, 12, 8, 30, tzinfo=UTC)),
        (date(2026, 12, 31), time(23, 59), "Pacific/Kiritimati", datetime(2026, 12, 31, 9, 59, tzinfo=UTC)),
    ],
)
def test_plain_times(day: date, clock: time, zone: str, expected: datetime) -> None:
    assert resolve(day, clock, zone) == expected


@pytest.mark.parametrize(
    ("day", "zone", "suggestion"),
    [(date(2027, 3, 28), "Europe/Berlin", "03:30"), (date(2027, 3, 14), "America/New_York", "03:30")],
)
def test_a_skipped_time_is_explained(day: date, zone: str, suggestion: str) -> None:
    with pytest.raises(ValidationError) as refused:
        resolve(day, time(2, 30), zone)
    assert refused.value.code == "skipped_time"
    assert suggestion in refused.value.message
    assert "forward by 60 minutes" in refused.value.message


def test_a_half_hour_jump() -> None:
    with pytest.raises(ValidationError, match="forward by 30 minutes"):
        resolve(date(2026, 10, 4), time(2, 10), "Australia/Lord_Howe")


def test_a_repeated_time_asks_which() -> None:
    day, clock, zone = date(2026, 10, 25), time(2, 30), "Europe/Berlin"
    with pytest.raises(ValidationError) as refused:
        resolve(day, clock, zone)
    assert refused.value.code == "repeated_time"
    assert resolve(day, clock, zone, "first") == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert resolve(day, clock, zone, "second") == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
