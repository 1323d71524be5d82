"""Errors of the core application; codes are permanent, HTTP is in the views only.

ConferencesError
├── UnknownConference       unknown_conference
├── NotAllowed              not_allowed
├── ConferenceOver          conference_over
├── AlreadyInvited          already_invited
├── NotInvited              not_invited
├── InitiatorStays          initiator_stays
├── TooManyParticipants     too_many_participants
├── AuditExportTouched      audit_export_touched
├── AuditProofWrong         audit_proof_wrong
├── AuditCheckpointWrong    audit_checkpoint_wrong
├── AuditTreeTouched        audit_tree_touched
├── AuditNotInTree          audit_not_in_tree
├── AuditReceiverAway       audit_receiver_away
├── KeysStillHeld           keys_still_held
└── FrameRefused            denied, invalid_token, invalid_dpop_proof
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


class AuditProofWrong(ConferencesError):
    """An inclusion or consistency proof does not hold."""

    code = "audit_proof_wrong"


class AuditCheckpointWrong(ConferencesError):
    """A checkpoint or its key is malformed, or not signed by the log."""

    code = "audit_checkpoint_wrong"


class AuditTreeTouched(ConferencesError):
    """The stored tree does not lead to the checkpoint that was signed last: nothing more is signed."""

    code = "audit_tree_touched"


class AuditNotInTree(ConferencesError):
    """The entry, or a tree of this size, is not there (yet)."""

    code = "audit_not_in_tree"


class AuditReceiverAway(ConferencesError):
    """The receiver of audit entries did not take them; they are sent again."""

    code = "audit_receiver_away"


class KeysStillHeld(ConferencesError):
    """Entries of a conference whose keys are not destroyed stay whole."""

    code = "keys_still_held"


class FrameRefused(ConferencesError):
    """A core frame gets nothing. ``reason`` is for the audit, ``code`` for the frame."""

    code = "denied"

    def __init__(self, reason: str, *, code: str = "denied") -> None:
        super().__init__(reason)
        self.reason = reason
        self.code = code
