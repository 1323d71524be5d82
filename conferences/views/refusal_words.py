"""What pages say where a change of a conference cannot be made."""

from conferences.errors import (
    AlreadyInvited,
    ConferenceOver,
    ConferencesError,
    InitiatorStays,
    NotInvited,
    TooManyParticipants,
)
from conferences.rules import MAX_INVITED

REFUSAL_WORDS: dict[type[ConferencesError], str] = {
    AlreadyInvited: "This address is invited already.",
    ConferenceOver: "The conference is over; nothing was changed.",
    InitiatorStays: "You cannot withdraw yourself. End the conference instead.",
    NotInvited: "This invitation was withdrawn already.",
    TooManyParticipants: f"A conference takes {MAX_INVITED} besides you.",
}
