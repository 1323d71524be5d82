"""The schedule form and the one for a single further invitee."""

from collections import Counter
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.core.exceptions import ValidationError

from conferences.forms.addresses import parse_invitee, parse_invitees
from conferences.forms.lines import parse_line
from conferences.forms.local_time import parse_zone, resolve
from conferences.models import Conference, Participant
from conferences.rules import KEYS_KEPT_DAYS, MAX_INVITED, MOST_KEYS_KEPT_DAYS
from conferences.services.plan import ConferencePlan, Invitee
from conferences.time_words import duration_words

DURATIONS_MIN = (15, 30, 45, 60, 90, 120, 180, 240, 360, 480, 720, 1440)
PAST_SLACK = timedelta(minutes=5)  # "now" is still now when the form has been filled in
FURTHEST = timedelta(days=5 * 366)
ON_JOIN = [
    (Conference.OnJoin.REKEY.value, "New key at each join"),
    (Conference.OnJoin.SHARE.value, "Share the current key"),
]
ADMISSION = [
    (Conference.Admission.INVITED.value, "Whoever is invited comes in"),
    (Conference.Admission.LOBBY.value, "You let everybody in yourself"),
]
SIGN_IN = [
    (Conference.SignIn.ANY.value, "Any sign-in"),
    (Conference.SignIn.COMPANY.value, "Company sign-in"),
    (Conference.SignIn.SECOND_FACTOR.value, "With a second factor"),
]
PAST_ACCESS = [
    (Conference.PastAccess.NONE.value, "Destroy the keys"),
    (Conference.PastAccess.RECORDING.value, "Keep them for recordings"),
]


class ScheduleForm(forms.Form):
    """Input of ``/conferences/new``; ``plan()`` is its typed result.

    Args:
        now: UTC.
        initiator_identity: who schedules; he need not list himself.

    """

    title = forms.CharField(max_length=200, error_messages={"required": "Give the conference a title."})
    date = forms.DateField(error_messages={"required": "Choose a day.", "invalid": "Write the day as 2026-08-31."})
    time = forms.TimeField(error_messages={"required": "Choose a time.", "invalid": "Write the time as 14:30."})
    which = forms.ChoiceField(required=False, choices=[("first", "first"), ("second", "second")])
    time_zone = forms.CharField(max_length=64, error_messages={"required": "Choose a time zone."})
    duration_min = forms.TypedChoiceField(
        coerce=int,
        choices=[(minutes, duration_words(minutes)) for minutes in DURATIONS_MIN],
        error_messages={"required": "Choose how long it takes.", "invalid_choice": "Choose a duration from the list."},
    )
    invitees = forms.CharField(required=False, strip=False)
    rooms = forms.CharField(required=False, strip=False)
    on_join = forms.ChoiceField(required=False, choices=ON_JOIN, error_messages={"invalid_choice": "Choose one of the two."})
    admission = forms.ChoiceField(required=False, choices=ADMISSION, error_messages={"invalid_choice": "Choose one of the two."})
    sign_in = forms.ChoiceField(required=False, choices=SIGN_IN, error_messages={"invalid_choice": "Choose one of the three."})
    past_access = forms.ChoiceField(
        required=False, choices=PAST_ACCESS, error_messages={"invalid_choice": "Choose one of the two."}
    )
    keys_kept_days = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=MOST_KEYS_KEPT_DAYS,
        error_messages=dict.fromkeys(
            ("invalid", "min_value", "max_value"), f"Write a number of days from 1 to {MOST_KEYS_KEPT_DAYS}."
        ),
    )
    form_id = forms.CharField(required=False, max_length=200)

    def __init__(self, *args: Any, now: datetime, initiator_identity: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.now = now
        self.initiator_identity = initiator_identity
        self.listed: list[tuple[str, str]] = []  # field and identity of whoever could be read, also beside wrong entries

    def clean_title(self) -> str:
        """One line that can be shown."""
        return parse_line(self.cleaned_data["title"], "The title")

    def clean_time_zone(self) -> str:
        """IANA name."""
        return parse_zone(self.cleaned_data["time_zone"])

    def clean_invitees(self) -> list[Invitee]:
        """People, each with its own error."""
        return self._parse("invitees", Participant.Kind.PERSON)

    def clean_rooms(self) -> list[Invitee]:
        """Room systems, each with its own error."""
        return self._parse("rooms", Participant.Kind.ROOM)

    def clean(self) -> dict[str, Any]:
        """Check what concerns several fields: the moment, and everybody once."""
        cleaned = super().clean() or self.cleaned_data
        if all(cleaned.get(name) is not None for name in ("date", "time", "time_zone")):
            self._clean_start(cleaned)
        self._clean_everybody()
        self._clean_keys_kept(cleaned)
        return cleaned

    def plan(self) -> ConferencePlan:
        """What was entered; only after ``is_valid()``."""
        data = self.cleaned_data
        return ConferencePlan(
            title=data["title"],
            starts_at=data["starts_at"],
            time_zone=data["time_zone"],
            duration_min=data["duration_min"],
            invitees=(*data["invitees"], *data["rooms"]),
            on_join=data["on_join"] or Conference.OnJoin.REKEY,
            admission=data["admission"] or Conference.Admission.INVITED,
            sign_in=data["sign_in"] or Conference.SignIn.ANY,
            past_access=data["past_access"] or Conference.PastAccess.NONE,
            keys_kept_days=data.get("keys_kept_days") or KEYS_KEPT_DAYS,
        )

    @property
    def time_is_repeated(self) -> bool:
        """Whether the initiator must say, or has said, which of two equal clock times he means."""
        return self.has_error("time", "repeated_time") or bool(self.data.get("which"))

    def _parse(self, field: str, kind: str) -> list[Invitee]:
        invitees, errors = parse_invitees(self.cleaned_data[field], kind)
        self.listed += [(field, invitee.identity) for invitee in invitees]
        if errors:
            raise ValidationError(errors)
        return invitees

    def _clean_start(self, cleaned: dict[str, Any]) -> None:
        try:
            start = resolve(cleaned["date"], cleaned["time"], cleaned["time_zone"], cleaned.get("which", ""))
        except (OverflowError, ValueError):
            self.add_error("date", "This day is out of reach.")
        except ValidationError as error:
            self.add_error("time", error)
        else:
            cleaned["starts_at"] = start
            if start < self.now - PAST_SLACK:
                self.add_error("time" if _same_day(start, self.now, cleaned["time_zone"]) else "date", "This is in the past.")
            elif start > self.now + FURTHEST:
                self.add_error("date", "This is more than five years away.")

    def _clean_keys_kept(self, cleaned: dict[str, Any]) -> None:
        if cleaned.get("past_access") != Conference.PastAccess.RECORDING:
            self.errors.pop("keys_kept_days", None)  # the number stands beside a choice that was not made
            cleaned["keys_kept_days"] = None
        elif cleaned.get("keys_kept_days") is None and not self.has_error("keys_kept_days"):
            self.add_error("keys_kept_days", "Write for how many days the keys are kept.")

    def _clean_everybody(self) -> None:
        field_of = {identity: field for field, identity in self.listed}  # where it was listed last
        counts = Counter(identity for _, identity in self.listed)
        for identity, count in counts.items():
            if count > 1:
                self.add_error(field_of[identity], ValidationError(f"{identity} is listed {_times(count)}.", code="duplicate"))
            if identity == self.initiator_identity:
                self.add_error(field_of[identity], ValidationError(f"You ({identity}) are invited already.", code="initiator"))
        if len(counts) > MAX_INVITED:
            words = f"{len(counts)} are listed; a conference takes {MAX_INVITED} besides you."
            self.add_error("invitees", ValidationError(words, code="too_many"))


class InviteForm(forms.Form):
    """One further invitee of a scheduled conference."""

    address = forms.CharField(max_length=500, strip=True, error_messages={"required": "Write an e-mail address."})
    is_room = forms.BooleanField(required=False)
    is_recorder = forms.BooleanField(required=False)

    def clean(self) -> dict[str, Any]:
        """Parse the address as what it is said to be."""
        cleaned = super().clean() or self.cleaned_data
        if "address" in cleaned:
            try:
                cleaned["invitee"] = parse_invitee(cleaned["address"], _kind(cleaned))
            except ValidationError as error:
                self.add_error("address", error)
        return cleaned


def _kind(cleaned: dict[str, Any]) -> Participant.Kind:
    if cleaned.get("is_recorder"):
        return Participant.Kind.RECORDER
    return Participant.Kind.ROOM if cleaned.get("is_room") else Participant.Kind.PERSON


def _same_day(one: datetime, other: datetime, zone: str) -> bool:
    return one.astimezone(ZoneInfo(zone)).date() == other.astimezone(ZoneInfo(zone)).date()


def _times(count: int) -> str:
    return "twice" if count == 2 else f"{count} times"  # noqa: PLR2004  two has its own word
