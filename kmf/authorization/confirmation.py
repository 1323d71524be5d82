"""Actions that a person confirms by name, on this origin: whom he invites, into which conference (ADR 0036).

Script that runs in the core application can ask for one. It can neither read nor press anything of the page that asks the
person, and what it gets is good for exactly what that page said.
"""

from datetime import datetime
from typing import Any

from django.db import transaction

from conferences.models import Conference
from conferences.rules import is_over
from conferences.services import audit
from conferences.time_words import clock_words, day_words, zone_words
from kmf.authorization.authorize import AuthorizationRequest, refusal_of
from kmf.authorization.lookalikes import shown_address
from kmf.authorization.models import Account
from protocol.authorization_details import Invite


def conference_of(request: AuthorizationRequest, *, account: Account, now: datetime) -> Conference:
    """The conference that the action of ``request`` is about.

    Raises:
        RedirectRefused: ``access_denied``: there is none that ``account`` is the initiator of, or it is over.

    """
    rows = Conference.objects.select_related("organisation").filter(
        pk=action_of(request).conference, initiator_identity=account.email, organisation=account.organisation
    )
    conference = rows.first()
    if conference is None or is_over(conference, now):
        raise refusal_of(request, "access_denied", "no conference of this account's that goes on")
    return conference


def action_of(request: AuthorizationRequest) -> Invite:
    """The action of a request that has one."""
    if request.action is None:
        raise RuntimeError("a request without an action is not confirmed")
    return request.action


def shown(request: AuthorizationRequest, *, conference: Conference) -> dict[str, Any]:
    """What the page says of the action: the conference from our own reading of it, the address so that a lookalike is noticed."""
    action = action_of(request)
    begins = f"{day_words(conference.starts_at, conference.time_zone)}, {clock_words(conference.starts_at, conference.time_zone)}"
    return {
        "action": action,
        "address": shown_address(action.identity),
        "conference": conference,
        "starts": f"{begins} {zone_words(conference.starts_at, conference.time_zone)}",
        "invited_count": conference.participants.filter(withdrawn_at=None).count(),
    }


@transaction.atomic
def decline(request: AuthorizationRequest, *, conference: Conference, account: Account, now: datetime) -> str:
    """Put on record that the person did not want it.

    Returns:
        The client's redirect URI with the error ``access_denied``.

    """
    details = {"action": action_of(request).members()}
    audit.record(event="authorization.declined", at=now, actor=account.email, conference=conference, details=details)
    return refusal_of(request, "access_denied", "declined by the person").url
