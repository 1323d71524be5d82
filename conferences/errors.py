"""Errors of the core application; codes are permanent, HTTP is in the views only.

ConferencesError
├── UnknownConference       unknown_conference
├── NotAllowed              not_allowed
├── ConferenceOver          conference_over
├── AlreadyInvited          already_invited
├── NotInvited              not_invited
├── InitiatorStays          initiator_stays
├── TooManyParticipants     too_many_participants
└── AuditExportTouched      audit_export_touched
"""


class ConferencesError(Exception):
    """Root. Messages are safe to log."""

    code = "conferences_error"


class UnknownConference(ConferencesError):
    """No such conference, or none that this identity may know of: one and the same answer."""

    code = "unknown_conference"


class NotAllowed(ConferencesError):
    """The identity is known but lacks the role."""

    code = "not_allowed"


class ConferenceOver(ConferencesError):
    """The conference has ended or its time is past."""

    code = "conference_over"


class AlreadyInvited(ConferencesError):
    """The identity is a participant already."""

    code = "already_invited"


class NotInvited(ConferencesError):
    """The identity is not, or no longer, a participant."""

    code = "not_invited"


class InitiatorStays(ConferencesError):
    """The initiator's own invitation cannot be withdrawn; he ends the conference instead."""

    code = "initiator_stays"


class TooManyParticipants(ConferencesError):
    """More participants than a conference may have."""

    code = "too_many_participants"


class AuditExportTouched(ConferencesError):
    """An audit export is not what was written. ``entry`` names the place: ``chain #number (line n)``."""

    code = "audit_export_touched"

    def __init__(self, entry: str, reason: str) -> None:
        super().__init__(f"{entry}: {reason}")
        self.entry = entry
        self.reason = reason
