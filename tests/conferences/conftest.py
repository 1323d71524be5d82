"""An organisation, a plan, and browsers that are signed in at the core application."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings
from django.test import Client

from conferences.models import AuditEntry, Conference, Organisation
from conferences.services.plan import ConferencePlan, Invitee
from conferences.services.scheduling import schedule_conference
from config.sessions import SessionStore

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
ADA, BEN, CHIARA = "ada@weaver.example", "ben@weaver.example", "chiara@supplier.example"


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture
def organisation(db: None) -> Organisation:
    return Organisation.objects.create(name="Weaver", slug="weaver")


@pytest.fixture
def schedule(organisation: Organisation) -> Callable[..., Conference]:
    """Schedule as Ada; any member of the plan can be given, and ``at`` for the time of scheduling."""

    def make(*, at: datetime = NOW, **members: object) -> Conference:
        plan = {
            "title": "Quarterly figures",
            "starts_at": at + timedelta(hours=1),
            "time_zone": "Europe/Berlin",
            "duration_min": 60,
            "invitees": (Invitee(BEN, "Ben Okafor"), Invitee(CHIARA)),
        } | members
        return schedule_conference(
            plan=ConferencePlan(**plan), organisation=organisation, initiator_identity=ADA, initiator_name="Ada Weaver", now=at
        )

    return make


@pytest.fixture
def visitor(db: None) -> Callable[..., Client]:
    """A client of the core origin, signed in where an address is given."""

    def open_visitor(email: str = "", *roles: str, organisation: str = "weaver", csrf: bool = False) -> Client:
        host = settings.ORIGINS.core.split("//")[1]
        client = Client(headers={"host": host}, enforce_csrf_checks=csrf)
        if email:
            store = SessionStore()
            store["origin"] = host
            store["identity"] = {
                "subject": email,
                "email": email,
                "name": email.split("@", maxsplit=1)[0].title(),
                "roles": list(roles),
                "organisation": organisation,
            }
            store.save()
            client.cookies[settings.SESSION_COOKIE_NAME] = store.session_key
        return client

    return open_visitor


@pytest.fixture
def events() -> Callable[[Conference], list[str]]:
    """Events of a conference's chain in order."""

    def read(conference: Conference) -> list[str]:
        return list(AuditEntry.objects.filter(chain=conference.id).order_by("number").values_list("event", flat=True))

    return read
