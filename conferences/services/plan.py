"""What an initiator decides, as typed values: checked by the forms, or made by code that knows what it does."""

from dataclasses import dataclass
from datetime import datetime

from conferences.models import Conference, Participant
from conferences.rules import KEYS_KEPT_DAYS


@dataclass(frozen=True, slots=True)
class Invitee:
    """Somebody to invite. ``identity`` is an e-mail address in lower case; ``kind`` is ``person`` or ``room``."""

    identity: str
    name: str = ""
    kind: str = Participant.Kind.PERSON


@dataclass(frozen=True, slots=True)
class ConferencePlan:
    """A conference to schedule.

    Attributes:
        title: one line, up to 200 characters.
        starts_at: aware.
        time_zone: IANA name; the zone that invitations speak in.
        duration_min: minutes, 1 … 1440.
        invitees: without the initiator, each identity once.
        on_join: ``rekey`` or ``share`` (DESIGN section 6).
        admission: ``invited`` or ``lobby``.
        sign_in: ``any``, ``company`` or ``second_factor``: how strongly everybody must have signed in.
        past_access: ``none`` or ``recording`` ([PERC] 4.8): whether the keys outlive the conference.
        keys_kept_days: days after the end, 1 … 3650, for ``recording``.

    """

    title: str
    starts_at: datetime
    time_zone: str
    duration_min: int
    invitees: tuple[Invitee, ...] = ()
    on_join: str = Conference.OnJoin.REKEY
    admission: str = Conference.Admission.INVITED
    sign_in: str = Conference.SignIn.ANY
    past_access: str = Conference.PastAccess.NONE
    keys_kept_days: int = KEYS_KEPT_DAYS
