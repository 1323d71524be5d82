"""A snapshot is signed once for all joiners of a second, and names whom the chain names."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from conferences.models import Conference, Organisation, Participant
from roster.models import Membership
from roster.services.admission import Joiner, admit_all
from roster.services.membership import end
from roster.services.signing_key import statement_key
from roster.services.snapshots import KEPT, shared_snapshot
from roster.services.statements import append_delta
from roster.signing.held import HeldRoster

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
LIMIT = 4 * 1024 * 1024  # docs/protocol.md section 9
pytestmark = pytest.mark.django_db


@pytest.fixture
def conference():
    organisation = Organisation.objects.create(name="Weaver", slug="weaver")
    return make_conference(organisation)


def make_conference(organisation):
    return Conference.objects.create(
        organisation=organisation,
        title="Annual meeting",
        initiator_identity="ada@weaver.example",
        initiator_name="Ada Weaver",
        time_zone="Europe/Berlin",
        starts_at=NOW,
        duration_min=60,
        created_at=NOW,
    )


def join(conference, number, *, name="Ada Weaver", identity=None):
    participant = Participant.objects.create(
        organisation=conference.organisation,
        conference=conference,
        identity=identity or f"{number}@weaver.example",
        name=name,
        invited_at=NOW,
        invited_by="Ada Weaver",
    )
    key = number.to_bytes(32, "big")
    return admit_all(conference=conference, joiners=[Joiner(participant, key, name, "pwd")], now=NOW)[0]


def announce(conference, *, joined=(), left=()):
    append_delta(conference=conference, epoch=1, cause="join", joined=list(joined), left=list(left), now=NOW)


def test_all_joiners_of_a_second_get_the_same_bytes(conference):
    announce(conference, joined=[join(conference, 1)])
    first = shared_snapshot(conference=conference, now=NOW)
    with CaptureQueriesContext(connection) as queries:
        assert shared_snapshot(conference=conference, now=NOW + timedelta(milliseconds=900)) is first
    assert len(queries) == 1  # where the roster stands; nobody is read, nothing is signed


def test_a_change_and_the_next_second_give_another(conference):
    ada = join(conference, 1)
    announce(conference, joined=[ada])
    first = shared_snapshot(conference=conference, now=NOW)
    later = shared_snapshot(conference=conference, now=NOW + timedelta(seconds=1))
    assert later.at.now == first.at.now + 1
    end(membership=ada, reason="left", now=NOW)
    announce(conference, joined=[join(conference, 2)], left=[ada])
    held = HeldRoster(key=statement_key().public_key(), conference_id=conference.id)
    held.take("snapshot", shared_snapshot(conference=conference, now=NOW).message, at=int(NOW.timestamp()))
    assert [entry.identity for entry in held.entries.values()] == ["2@weaver.example"]
    assert held.number == 2


def test_conferences_are_kept_apart_and_only_the_newest_ones(conference):
    others = [make_conference(conference.organisation) for _ in range(KEPT)]
    for each in (conference, *others):
        announce(each, joined=[join(each, 1)])
    first = shared_snapshot(conference=conference, now=NOW)
    for each in others:
        assert shared_snapshot(conference=each, now=NOW).at.conference_id == each.id
    again = shared_snapshot(conference=conference, now=NOW)
    assert again is not first
    assert again == first


def test_a_thousand_of_the_longest_entries_stay_under_the_limit_of_a_message(conference):
    long_name, domain = "\U0001f600" * 200, "d" * 240
    participants = Participant.objects.bulk_create(
        Participant(
            organisation=conference.organisation,
            conference=conference,
            identity=f"{number:04d}@{domain}",
            name=long_name,
            invited_at=NOW,
            invited_by=long_name,
        )
        for number in range(1000)
    )
    memberships = Membership.objects.bulk_create(
        Membership(
            conference=conference,
            organisation=conference.organisation,
            participant=participant,
            source_id=2**32 - 1 - number,
            identity_key=bytes(32),
            name=long_name,
            verified_by="v" * 40,
            since=NOW,
        )
        for number, participant in enumerate(participants)
    )
    announce(conference, joined=memberships)
    message = shared_snapshot(conference=conference, now=NOW).message
    assert len(json.dumps(message)) < LIMIT - 64 * 1024  # the rest of a welcome
    held = HeldRoster(key=statement_key().public_key(), conference_id=conference.id)
    held.take("snapshot", message, at=None)
    assert len(held.entries) == 1000
