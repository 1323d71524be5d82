"""Actions that were confirmed at the authorization server by name: only what was confirmed is done, once (ADR 0036)."""

from datetime import datetime, timedelta

from conferences.errors import UnknownConference
from conferences.identity import Identity
from conferences.models import Participant
from conferences.selectors.conferences import initiated_conference
from conferences.services.invitations import invite_participant
from conferences.services.plan import Invitee
from conferences.sign_in.errors import Refused
from conferences.sign_in.pending import Wanted
from protocol.access_token import AccessToken
from protocol.authorization_details import read_details
from protocol.errors import Malformed

_FRESH_FOR = timedelta(minutes=10)


def invite_confirmed(wanted: Wanted, token: AccessToken, *, identity: Identity, now: datetime) -> Participant:
    """Invite whom the person confirmed.

    Args:
        wanted: what this session asked for.
        token: the verified sign-in token that the confirmation gave.
        identity: whose token it is.
        now: UTC time of the request.

    Raises:
        Refused: another account, an old sign-in, or a confirmation of something else.
        ConferencesError: the invitation cannot be made any more.

    """
    # To carry out a confirmed action we must, in this order:
    #   1. find the person the same who asked                                 (AUTH-3)
    #   2. find his sign-in young, whatever the authorization server let by   (AUTH-3)
    #   3. find what he was shown to be what was asked for, to the letter     (AUTH-3)
    #   4. find the conference his

    # (1)
    if identity.subject != wanted.subject:
        raise Refused("another account confirmed")
    # (2)
    if token.auth_time is None or now - token.auth_time > _FRESH_FOR:
        raise Refused("sign-in is not young")
    # (3)
    try:
        confirmed = read_details(token.claims.get("authorization_details"))
    except Malformed:
        raise Refused("nothing was confirmed") from None
    if confirmed != wanted.action:
        raise Refused("something else was confirmed")
    # (4)
    conference = initiated_conference(identity, confirmed.conference)
    if conference is None:
        raise UnknownConference
    return invite_participant(
        conference_id=conference.id,
        invitee=Invitee(confirmed.identity, confirmed.name, confirmed.kind),
        actor=identity.email,
        actor_name=identity.name,
        now=now,
    )
