"""A roster entry says what the participant was when his stay began: nothing that happens later changes signed bytes."""

from datetime import timedelta

import pytest

from conferences.models import Participant
from conferences.services.invitations import invite_participant, withdraw_invitation
from conferences.services.plan import Invitee
from roster.models import Membership
from roster.selectors import present_entries
from roster.services.signing_key import statement_key
from roster.services.statements import sign_snapshot
from roster.signing.held import HeldRoster

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.requirement("ROSTER-1")]


def test_being_invited_anew_changes_no_signed_entry(endpoint, conference, now):
    endpoint("ada").ask(now)
    bob = Participant.objects.get(identity=endpoint("bob").account.email)
    before = [entry.members() for entry in present_entries(conference.id)]
    held = HeldRoster(key=statement_key().public_key(), conference_id=conference.id)
    held.take("snapshot", sign_snapshot(conference=conference, now=now).as_message(), at=None)
    ada = Participant.objects.get(identity="ada@weaver.example")
    withdraw_invitation(conference_id=conference.id, participant_id=ada.pk, actor="x", now=now)
    invite_participant(
        conference_id=conference.id,
        invitee=Invitee(ada.identity, "Ada B.", Participant.Kind.ROOM),
        actor="x",
        actor_name="Somebody Else",
        now=now + timedelta(seconds=1),
    )
    Participant.objects.filter(pk=ada.pk).update(admitted_at=now, admitted_by="Host")
    assert [entry.members() for entry in present_entries(conference.id)] == before
    held.take("snapshot", sign_snapshot(conference=conference, now=now).as_message(), at=None)
    assert bob.invited_by == "Ada Weaver"


def test_the_next_stay_says_the_new_invitation(endpoint, conference, now):
    ada = endpoint("ada")
    ada.ask(now)
    Participant.objects.filter(identity=ada.account.email).update(
        invited_by="Somebody Else", kind="room", admitted_at=now, admitted_by="Host"
    )
    ada.ask(now + timedelta(seconds=2))
    entry = present_entries(conference.id)[-1]
    assert (entry.invited_by, entry.kind, entry.admitted_by, entry.admitted_at) == (
        "Somebody Else",
        "room",
        "Host",
        int(now.timestamp()),
    )
    first, second = Membership.objects.order_by("since")
    assert (first.invited_by, first.kind, first.admitted_at, second.role) == ("Ada Weaver", "person", None, "participant")
