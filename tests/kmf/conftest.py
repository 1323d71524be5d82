"""A running conference with two invited people, and endpoints that ask for keys without a browser."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from conferences.models import Conference, Organisation, Participant
from kmf.authorization.models import Account
from kmf.services import epochs
from tests.simulators.endpoint import EndpointSimulator

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests say what the time is. What a busy machine adds to a statement is no wait for a lock; a real one here lasts longer."""
    monkeypatch.setattr(epochs, "WORTH_COUNTING_S", 0.4)


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture
def organisation(db: None) -> Organisation:
    return Organisation.objects.create(name="Weaver", slug="weaver")


@pytest.fixture
def conference(organisation: Organisation) -> Conference:
    return Conference.objects.create(
        organisation=organisation,
        title="Quarterly figures",
        initiator_identity="ada@weaver.example",
        initiator_name="Ada Weaver",
        time_zone="Europe/Berlin",
        starts_at=NOW - timedelta(minutes=5),
        duration_min=60,
        created_at=NOW - timedelta(days=1),
    )


@pytest.fixture
def account(organisation: Organisation) -> Callable[[str], Account]:
    def make(name: str) -> Account:
        return Account.objects.create(email=f"{name}@weaver.example", name=name.title(), organisation=organisation)

    return make


@pytest.fixture
def invite(conference: Conference) -> Callable[[str], Participant]:
    def make(name: str) -> Participant:
        return Participant.objects.create(
            organisation=conference.organisation,
            conference=conference,
            identity=f"{name}@weaver.example",
            name=name.title(),
            invited_at=NOW,
            invited_by="Ada Weaver",
        )

    return make


@pytest.fixture
def endpoint(
    conference: Conference, account: Callable[[str], Account], invite: Callable[[str], Participant]
) -> Callable[[str], EndpointSimulator]:
    """An invited participant's endpoint, which holds no key yet."""

    def make(name: str) -> EndpointSimulator:
        invite(name)
        return EndpointSimulator(account=account(name), conference_id=conference.id)

    return make
