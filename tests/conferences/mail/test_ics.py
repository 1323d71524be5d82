"""iCalendar objects: hours that are right in 20 zones, lives of an event, names of all kinds."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from icalendar import Calendar

from conferences.mail.ics import CANCEL, PUBLISH, REQUEST, invitation_calendar
from conferences.models import Conference
from tests.conferences.conftest import ADA, BEN

ZONES = [
    "Europe/Berlin", "America/New_York", "America/Sao_Paulo", "America/St_Johns", "Asia/Kolkata",
    "Asia/Kathmandu", "Asia/Tokyo", "Asia/Tehran", "Australia/Sydney", "Australia/Lord_Howe",
    "Pacific/Auckland", "Pacific/Chatham", "Pacific/Kiritimati", "Africa/Casablanca", "Africa/Lagos",
    "Europe/London", "Europe/Dublin", "America/Phoenix", "America/Havana", "Atlantic/Azores",
    "UTC",
]  # fmt: skip


def calendar_of(conference: Conference, now: datetime, method: str = REQUEST, sequence: int = 0) -> Calendar:
    ben = conference.participants.get(identity=BEN)
    return Calendar.from_ical(invitation_calendar(conference, method=method, sequence=sequence, now=now, attendee=ben))


@pytest.mark.parametrize("zone", ZONES)
def test_the_hour_is_right_and_its_zone_is_told(schedule: Callable[..., Conference], now: datetime, zone: str) -> None:
    start = datetime(2027, 7, 1, 13, 30, tzinfo=UTC)
    calendar = calendar_of(schedule(time_zone=zone, starts_at=start), now)
    event = calendar.walk("VEVENT")[0]
    assert event["DTSTART"].dt == start
    assert event["DTEND"].dt == start + timedelta(hours=1)
    if zone == "UTC":
        return
    assert event["DTSTART"].params["TZID"] == zone
    # What a calendar without a zone database computes from the VTIMEZONE alone.
    timezone = calendar.walk("VTIMEZONE")[0]
    assert timezone["TZID"] == zone
    wall = event["DTSTART"].dt.replace(tzinfo=None)
    assert wall.replace(tzinfo=timezone.to_tz(lookup_tzid=False)).astimezone(UTC) == start


def test_a_request_names_its_recipient_only(schedule: Callable[..., Conference], now: datetime) -> None:
    conference = schedule()
    calendar = calendar_of(conference, now)
    event = calendar.walk("VEVENT")[0]
    assert (calendar["METHOD"], event["STATUS"], event["SEQUENCE"]) == ("REQUEST", "CONFIRMED", 0)
    assert str(event["ORGANIZER"]) == f"mailto:{ADA}"
    assert str(event["ATTENDEE"]) == f"mailto:{BEN}"
    assert event["ATTENDEE"].params["RSVP"] == "TRUE"
    assert event["ATTENDEE"].params["CUTYPE"] == "INDIVIDUAL"
    assert str(event["UID"]).startswith(f"{conference.id}@")
    assert str(event["URL"]).endswith(f"/c/{conference.id}")
    assert conference.handle not in calendar.to_ical().decode()


def test_a_cancellation_is_of_the_same_event(schedule: Callable[..., Conference], now: datetime) -> None:
    conference = schedule()
    request, cancel = (calendar_of(conference, now, method, number) for method, number in ((REQUEST, 0), (CANCEL, 1)))
    first, last = request.walk("VEVENT")[0], cancel.walk("VEVENT")[0]
    assert (cancel["METHOD"], last["STATUS"], last["SEQUENCE"]) == ("CANCEL", "CANCELLED", 1)
    assert first["UID"] == last["UID"]


def test_a_published_copy_asks_nobody(schedule: Callable[..., Conference], now: datetime) -> None:
    text = invitation_calendar(schedule(), method=PUBLISH, sequence=0, now=now).decode()
    assert "ATTENDEE" not in text
    assert "METHOD:PUBLISH" in text


@pytest.mark.parametrize(
    "name",
    ['Ann "Q" Weaver', "מרים כהן", "🦊 Fox; Jr, Esq: x", "Name\\n", "A" * 180, "Bad\r\nATTENDEE:mailto:eve@x.example"],
    ids=["quotes", "right to left", "emoji and separators", "backslash", "long", "line break"],
)
def test_names_of_all_kinds_stay_in_their_place(schedule: Callable[..., Conference], now: datetime, name: str) -> None:
    conference = schedule(title=name)
    conference.initiator_name = name
    conference.participants.filter(identity=BEN).update(name=name)
    event = calendar_of(conference, now).walk("VEVENT")[0]
    assert str(event["ATTENDEE"]) == f"mailto:{BEN}"
    assert str(event["SUMMARY"]) == " ".join(name.split())
    assert str(event["ORGANIZER"].params["CN"]).replace("'", '"') == " ".join(name.split())
