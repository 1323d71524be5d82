"""``/``: what each identity sees, and that more conferences cost no more queries."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from conferences.models import Conference, Organisation
from conferences.services.plan import Invitee
from conferences.services.scheduling import end_conference
from tests.conferences.conftest import ADA, BEN

Visitor = Callable[..., Client]


def test_nobody_is_sent_to_sign_in(visitor: Visitor) -> None:
    response = visitor().get("/conferences/new?x=1")
    assert response.status_code == 302
    assert response["Location"] == "/sign-in?next=%2Fconferences%2Fnew%3Fx%3D1"


def test_a_broken_session_entry_is_nobody(visitor: Visitor) -> None:
    client = visitor(ADA)
    session = client.session
    session["identity"] = {"subject": "1"}
    session.save()
    assert client.get("/").status_code == 302


def test_empty(visitor: Visitor, organisation: Organisation) -> None:
    page = visitor(ADA, "initiator").get("/").content.decode()
    assert "Nothing ahead" in page
    assert "Schedule a conference" in page
    assert "Schedule a conference" not in visitor(BEN).get("/").content.decode()


def test_each_sees_his_own(visitor: Visitor, schedule: Callable[..., Conference]) -> None:
    now = datetime.now(UTC)
    schedule(at=now, title="With Ben", starts_at=now + timedelta(minutes=5))
    schedule(at=now, title="Without Ben", invitees=(Invitee("x@weaver.example"),))
    ended = schedule(at=now, title="Called off one")
    end_conference(conference_id=ended.id, reason="initiator", actor=ADA, now=now)
    page = visitor(BEN).get("/").content.decode()
    assert "With Ben" in page
    assert "Without Ben" not in page
    assert "Called off" in page
    assert page.count(">Join<") == 1  # open since ten minutes before; the others are shut
    assert "/c/" in page


def test_times_are_the_viewers(visitor: Visitor, schedule: Callable[..., Conference]) -> None:
    now = datetime.now(UTC)
    start = (now + timedelta(days=30)).replace(month=1, day=15, hour=12, minute=0, second=0, year=now.year + 1)
    schedule(at=now, starts_at=start)
    client = visitor(BEN)
    assert "13:00\N{EN DASH}14:00" in client.get("/").content.decode()
    client.cookies["time_zone"] = "Asia%2FTokyo"
    page = client.get("/").content.decode()
    assert "21:00\N{EN DASH}22:00" in page
    assert "13:00\N{EN DASH}14:00 in Europe/Berlin" in page
    client.cookies["time_zone"] = "<script>"
    assert "13:00\N{EN DASH}14:00" in client.get("/").content.decode()


@pytest.mark.parametrize("count", [1, 3])
def test_queries_do_not_grow(
    visitor: Visitor, schedule: Callable[..., Conference], count: int, django_assert_num_queries: Callable[..., object]
) -> None:
    now = datetime.now(UTC)
    for number in range(count):
        schedule(at=now, title=f"C{number}")
        schedule(at=now - timedelta(days=3), title=f"P{number}")
    client = visitor(BEN)
    client.get("/")  # from now on the session is only read
    with django_assert_num_queries(4):  # session, its end, coming, past
        assert client.get("/").status_code == 200
