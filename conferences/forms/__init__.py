"""Forms turn input into typed values; each field answers for itself and nothing is saved here."""

from conferences.forms.schedule import InviteForm, ScheduleForm

__all__ = ["InviteForm", "ScheduleForm"]
