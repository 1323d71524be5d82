"""What an auditor looks for. Input that makes no sense is named beside its field; an empty form finds the latest."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.core.exceptions import ValidationError

from conferences.selectors.audit_search import Wanted

MOST_LEAVES = 2**62


class AuditSearchForm(forms.Form):
    """Input of ``/audit/search``; ``wanted()`` is its typed result. Days are those of ``zone``."""

    conference = forms.CharField(required=False, max_length=200)
    person = forms.CharField(required=False, max_length=254)
    event = forms.CharField(required=False, max_length=40)
    text = forms.CharField(required=False, max_length=200)
    from_at = forms.DateTimeField(required=False, error_messages={"invalid": "Write it as 2026-08-31 14:30."})
    until_at = forms.DateTimeField(required=False, error_messages={"invalid": "Write it as 2026-08-31 14:30."})
    after = forms.CharField(required=False, max_length=60)

    def __init__(self, *args: Any, zone: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._zone = ZoneInfo(zone)

    def clean_person(self) -> str:
        """Addresses are lower case."""
        return str(self.cleaned_data["person"]).lower()

    def clean_after(self) -> tuple[datetime, int] | None:
        """Keys of the last entry of the page before, as the page itself made them."""
        text = self.cleaned_data["after"]
        if not text:
            return None
        try:
            micros, leaf = map(int, text.split("."))
            at = datetime.fromtimestamp(micros // 1_000_000, UTC).replace(microsecond=micros % 1_000_000)
        except (ValueError, OverflowError, OSError):
            raise ValidationError("This page is not there.") from None
        if not 0 <= leaf < MOST_LEAVES:
            raise ValidationError("This page is not there.")
        return at, leaf

    def wanted(self) -> Wanted:
        """What to look for; call it where the form is valid."""
        found = self.cleaned_data
        return Wanted(
            conference=found["conference"],
            person=found["person"],
            event=found["event"],
            text=found["text"],
            from_at=self._moment(found["from_at"]),
            until_at=self._moment(found["until_at"]),
            after=found["after"],
        )

    def _moment(self, value: datetime | None) -> datetime | None:
        """The time as it was typed, on the viewer's clock."""
        return value.replace(tzinfo=self._zone) if value else None


def page_keys(after: tuple[datetime, int]) -> str:
    """Text of the keys, as ``clean_after`` reads it."""
    at, leaf = after
    whole = int(at.replace(microsecond=0).timestamp())
    return f"{whole * 1_000_000 + at.microsecond}.{leaf}"
