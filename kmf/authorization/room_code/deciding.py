"""The person's side: he enters the code that the screen shows, sees what it is for, and says which room it is."""

import re
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from conferences.models import Conference, Participant
from conferences.rules import is_over
from kmf.authorization import limits
from kmf.authorization.authorize import SignIn
from kmf.authorization.device_tokens import device_resources
from kmf.authorization.errors import NoSuchGrant
from kmf.authorization.grants import record
from kmf.authorization.models import Account, Application, Grant, RoomCode
from kmf.authorization.validator import CODE_LIFETIME, GRANT_LIFETIME
from protocol import words
from protocol.sign_in import Strength

METHOD = "room_code"  # no word of RFC 8176 says it
_NOT_LETTERS = re.compile(r"[^A-Z]")


@dataclass(frozen=True)
class Shown:
    """What the page says before he decides: the code, its conference, the rooms that it can be, and where the screen is."""

    code: RoomCode
    conference: Conference
    rooms: list[Account]


def find(typed: str, *, account: Account, now: datetime) -> Shown:
    """What a code is for, if ``account`` may decide it: whoever is invited to its conference may, for rooms of his organisation.

    Raises:
        NoSuchGrant: no such code, over, decided, or none of his; one and the same, and counted.
        TooManyAttempts: he was wrong too often.

    """
    limits.count(limits.ROOM_CODES_ENTERED, account.pk, now=now)
    code = RoomCode.objects.filter(user_code=_NOT_LETTERS.sub("", typed.upper()), expires_at__gt=now).first()
    if code is None or code.declined_at is not None or code.grant_id is not None:
        raise NoSuchGrant
    conference_id = words.conference_of_scope(code.scope)
    invited = Participant.objects.filter(conference_id=conference_id, withdrawn_at=None, banned_at=None)
    own = invited.filter(identity=account.email).select_related("conference__organisation").first()
    if own is None or is_over(own.conference, now):
        raise NoSuchGrant
    rooms = Account.objects.filter(
        organisation=account.organisation, kind=Account.Kind.ROOM, is_active=True, email__in=invited.values("identity")
    )
    limits.uncount(limits.ROOM_CODES_ENTERED, account.pk)
    return Shown(code, own.conference, list(rooms.order_by("name", "email")))


@transaction.atomic
def approve(shown: Shown, *, room_id: str, account: Account, sign_in: SignIn, now: datetime) -> None:
    """Sign the screen in as a room.

    Raises:
        NoSuchGrant: decided or over meanwhile, or not one of the rooms.

    """
    code = _still_open(shown, now)
    room = next((each for each in shown.rooms if each.pk == room_id), None)
    same = Account.objects.filter(pk=account.pk, is_active=True, session_generation=account.session_generation)
    if room is None or not same.select_for_update(no_key=True).exists():
        raise NoSuchGrant
    grant = Grant.objects.create(
        user=room,
        organisation=room.organisation,
        application=Application.objects.get(client_id=words.CLIENT_ENDPOINT),
        code=code.device_code,
        code_expires_at=now + CODE_LIFETIME,
        expires=now + GRANT_LIFETIME,
        redirect_uri="",
        scope=code.scope,
        resource=device_resources(),
        dpop_jkt=code.dpop_jkt,
        auth_time=sign_in.at,
        amr=[METHOD],
        acr=min(sign_in.strength, Strength.COMPANY).acr,  # no more than that of who vouches for it
    )
    RoomCode.objects.filter(pk=code.pk).update(grant=grant)
    details = {"resources": grant.resource, "jkt": grant.dpop_jkt, "amr": grant.amr, "room": room.email, "network": code.network}
    record(event="authorization.granted", grant=grant, now=now, details=details, actor=account.email)


@transaction.atomic
def decline(shown: Shown, *, now: datetime) -> None:
    """Say no to the screen.

    Raises:
        NoSuchGrant: decided or over meanwhile.

    """
    RoomCode.objects.filter(pk=_still_open(shown, now).pk).update(declined_at=now)


def _still_open(shown: Shown, now: datetime) -> RoomCode:
    rows = RoomCode.objects.select_for_update(of=("self",)).filter(pk=shown.code.pk, grant=None, declined_at=None)
    code: RoomCode | None = rows.filter(expires_at__gt=now).first()
    if code is None:
        raise NoSuchGrant
    return code
