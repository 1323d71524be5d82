"""The schedule form: every wrong input has its own field's message, and the good one becomes a plan."""

from datetime import UTC, datetime

import pytest

from conferences.forms import InviteForm, ScheduleForm
from conferences.services.plan import Invitee
from tests.conferences.conftest import ADA, NOW

GOOD = {
    "title": "Quarterly figures",
    "date": "2026-12-01",
    "time": "14:30",
    "time_zone": "Europe/Berlin",
    "duration_min": "60",
    "invitees": "ben@weaver.example\nChiara Rossi <Chiara@Supplier.example>",
    "rooms": "boardroom@weaver.example",
    "on_join": "share",
}
MANY = "\n".join(f"p{n}@weaver.example" for n in range(1001))


def bound(**changes: str) -> ScheduleForm:
    return ScheduleForm(GOOD | changes, now=NOW, initiator_identity=ADA)


def test_a_good_form_becomes_a_plan() -> None:
    form = bound()
    assert form.is_valid(), form.errors
    plan = form.plan()
    assert plan.starts_at == datetime(2026, 12, 1, 13, 30, tzinfo=UTC)
    assert plan.invitees == (
        Invitee("ben@weaver.example"),
        Invitee("chiara@supplier.example", "Chiara Rossi"),
        Invitee("boardroom@weaver.example", "", "room"),
    )
    assert (plan.on_join, plan.duration_min, plan.time_zone) == ("share", 60, "Europe/Berlin")


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"title": ""}, "title", "Give the conference a title"),
        ({"title": "x" * 201}, "title", "at most 200"),
        ({"title": "Figures\r\nBcc: all@weaver.example"}, "title", "one line"),
        ({"title": "Figures\u2028x"}, "title", "one line"),
        ({"title": "Fig\x07ures"}, "title", "cannot be shown"),
        ({"title": "safe\u202egpj.exe"}, "title", "cannot be shown"),
        ({"date": "2026-13-01"}, "date", "2026-08-31"),
        ({"date": ""}, "date", "Choose a day"),
        ({"date": "2026-11-22"}, "date", "in the past"),
        ({"date": "2026-11-23", "time": "11:00"}, "time", "in the past"),
        ({"date": "2036-01-01"}, "date", "five years"),
        ({"date": "9999-12-31", "time": "23:59", "time_zone": "America/New_York"}, "date", "out of reach"),
        ({"time": "25:00"}, "time", "14:30"),
        ({"time_zone": "Europe/Atlantis"}, "time_zone", "no time zone of this name"),
        ({"date": "2027-03-28", "time": "02:30"}, "time", "does not exist"),
        ({"date": "2027-10-31", "time": "02:30"}, "time", "comes twice"),
        ({"duration_min": "61"}, "duration_min", "from the list"),
        ({"duration_min": "-5"}, "duration_min", "from the list"),
        ({"invitees": "ben@weaver.example, nonsense"}, "invitees", "“nonsense” is not an e-mail address"),
        ({"invitees": "ben@weaver.example\nBEN@weaver.example"}, "invitees", "listed twice"),
        ({"invitees": "nonsense\nben@weaver.example\nben@weaver.example"}, "invitees", "listed twice"),
        ({"rooms": "ben@weaver.example"}, "rooms", "listed twice"),
        ({"invitees": ADA}, "invitees", "invited already"),
        ({"invitees": MANY, "rooms": ""}, "invitees", "1001 are listed"),
        ({"invitees": "ben@weaver.example\x00"}, "invitees", ""),
        ({"invitees": "B\x1b[31m <ben@weaver.example>"}, "invitees", "cannot be shown"),
        ({"invitees": f"{'x' * 250}@weaver.example"}, "invitees", "longer than an e-mail address"),
        ({"on_join": "never"}, "on_join", "Choose one of the two"),
        ({"sign_in": "strong"}, "sign_in", "Choose one of the three"),
        ({"past_access": "always"}, "past_access", "Choose one of the two"),
        ({"past_access": "recording"}, "keys_kept_days", "for how many days"),
        ({"past_access": "recording", "keys_kept_days": "0"}, "keys_kept_days", "from 1 to 3650"),
        ({"past_access": "recording", "keys_kept_days": "ten"}, "keys_kept_days", "from 1 to 3650"),
        ({"past_access": "recording", "keys_kept_days": "3651"}, "keys_kept_days", "from 1 to 3650"),
    ],
)
def test_wrong_input_is_answered_by_its_field(changes: dict[str, str], field: str, words: str) -> None:
    form = bound(**changes)
    assert not form.is_valid()
    assert words in " ".join(form.errors[field])


def test_each_wrong_address_has_its_own_message() -> None:
    form = bound(invitees="a@weaver.example; foo\nbar, c@d@e.example")
    assert not form.is_valid()
    assert [message.split("”")[0] for message in form.errors["invitees"]] == ["“foo", "“bar", "“c@d@e.example"]


def test_a_repeated_time_is_taken_when_chosen() -> None:
    form = bound(date="2027-10-31", time="02:30", which="second")
    assert form.is_valid(), form.errors
    assert form.plan().starts_at == datetime(2027, 10, 31, 1, 30, tzinfo=UTC)


def test_a_line_break_separates_addresses_and_never_reaches_a_header() -> None:
    form = bound(invitees="ben@weaver.example\r\nBcc: eve@weaver.example")
    assert not form.is_valid()
    assert "“Bcc: eve@weaver.example” is not an e-mail address." in form.errors["invitees"]


@pytest.mark.parametrize(("address", "room"), [("x", ""), ("", ""), ("a@b", "on"), ("a@b.example\r\nTo: c@d.example", "")])
def test_invite_form_refuses(address: str, room: str) -> None:
    form = InviteForm({"address": address, "is_room": room})
    assert not form.is_valid()
    assert "invitee" not in form.cleaned_data


def test_invite_form_takes_a_room() -> None:
    form = InviteForm({"address": "Boardroom <Room@weaver.example>", "is_room": "on"})
    assert form.is_valid()
    assert form.cleaned_data["invitee"] == Invitee("room@weaver.example", "Boardroom", "room")


def test_days_do_not_matter_where_keys_are_destroyed() -> None:
    form = bound(past_access="none", keys_kept_days="ten")
    assert form.is_valid(), form.errors
    assert (form.plan().past_access, form.plan().keys_kept_days) == ("none", 30)
