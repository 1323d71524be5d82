"""iCalendar objects of a conference for one recipient (RFC 5545, RFC 5546): times with their VTIMEZONE, no secret."""

from datetime import datetime
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event, vCalAddress, vText, vUri

from conferences.links import conference_uri, core_host
from conferences.models import Conference, Participant

REQUEST, CANCEL, PUBLISH = "REQUEST", "CANCEL", "PUBLISH"
PRODUCT = "-//Conclave//Conclave//EN"

_CUTYPES = {Participant.Kind.PERSON: "INDIVIDUAL", Participant.Kind.ROOM: "ROOM", Participant.Kind.RECORDER: "RESOURCE"}


def invitation_calendar(
    conference: Conference, *, method: str, sequence: int, now: datetime, attendee: Participant | None = None
) -> bytes:
    """One VEVENT in a VCALENDAR, UTF-8.

    Args:
        conference: what.
        method: ``REQUEST``, ``CANCEL``, or ``PUBLISH`` (a copy without an answer).
        sequence: SEQUENCE; a cancellation has a higher one than the request before it.
        now: DTSTAMP, UTC.
        attendee: the recipient; nobody else is named.

    """
    calendar = Calendar()
    calendar.add("PRODID", PRODUCT)
    calendar.add("VERSION", "2.0")
    calendar.add("METHOD", method)
    event = _event(conference, method, sequence, now)
    if attendee is not None:
        event.add("ATTENDEE", _attendee(attendee), encode=False)
    calendar.add_component(event)
    calendar.add_missing_timezones()
    return bytes(calendar.to_ical())


def _event(conference: Conference, method: str, sequence: int, now: datetime) -> Event:
    zone = ZoneInfo(conference.time_zone)
    uri = conference_uri(conference.id)
    event = Event()
    event.add("UID", f"{conference.id}@{core_host()}")
    event.add("DTSTAMP", now)
    event.add("DTSTART", conference.starts_at.astimezone(zone))
    event.add("DTEND", conference.scheduled_end_at.astimezone(zone))
    event.add("SUMMARY", plain(conference.title))
    event.add("DESCRIPTION", f"Join: {uri}\n\nYou sign in with the address that was invited.")
    event.add("LOCATION", uri)
    event["URL"] = vUri(uri)
    event.add("SEQUENCE", sequence)
    event.add("STATUS", "CANCELLED" if method == CANCEL else "CONFIRMED")
    organizer = vCalAddress(f"mailto:{conference.initiator_identity}")
    organizer.params["CN"] = vText(parameter(conference.initiator_name))
    event["ORGANIZER"] = organizer
    return event


def _attendee(participant: Participant) -> vCalAddress:
    address = vCalAddress(f"mailto:{participant.identity}")
    if participant.name:
        address.params["CN"] = vText(parameter(participant.name))
    address.params["CUTYPE"] = vText(_CUTYPES[Participant.Kind(participant.kind)])
    address.params["ROLE"] = vText("REQ-PARTICIPANT")
    address.params["PARTSTAT"] = vText("NEEDS-ACTION")
    address.params["RSVP"] = vText("TRUE")
    return address


def plain(text: str) -> str:
    """``text`` on one line, without control characters: what a header or a calendar property may hold."""
    return " ".join("".join(character if character.isprintable() else " " for character in text).split())


def parameter(text: str) -> str:
    """``text`` as a property parameter: RFC 5545 has no way to write a double quote in one."""
    return plain(text).replace('"', "'")
