"""``/conferences/{id}``: who may see and change what; every refusal leaves everything as it was."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.conf import settings as configured
from django.http import HttpResponse
from django.test import Client
from icalendar import Calendar

from conferences.models import AuditEntry, Conference, OutboxItem, Participant
from conferences.services.plan import Invitee
from conferences.services.scheduling import end_conference
from tests.conferences.conftest import ADA, BEN, CHIARA

Visitor = Callable[..., Client]


@pytest.fixture
def conference(schedule: Callable[..., Conference]) -> Conference:
    return schedule(at=datetime.now(UTC))


@pytest.fixture
def ben(conference: Conference) -> Participant:
    return conference.participants.get(identity=BEN)


def state(conference: Conference) -> tuple[object, ...]:
    conference.refresh_from_db()
    rows = list(conference.participants.order_by("pk").values_list("identity", "withdrawn_at"))
    return rows, conference.ended_at, OutboxItem.objects.count(), AuditEntry.objects.count()


def without_token(response: HttpResponse) -> str:
    return re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", response.content.decode())


def test_the_initiator_sees_who_is_invited(visitor: Visitor, conference: Conference) -> None:
    page = visitor(ADA).get(f"/conferences/{conference.id}").content.decode()
    for words in (BEN, CHIARA, "Mail on its way", "Withdraw", "Call off", "Audit"):
        assert words in page


def test_a_mail_that_does_not_get_through_is_shown(visitor: Visitor, conference: Conference) -> None:
    conference.participants.update(invited_at=conference.created_at - timedelta(minutes=2))
    conference.participants.filter(identity=BEN).update(mailed_at=conference.created_at)
    page = visitor(ADA).get(f"/conferences/{conference.id}").content.decode()
    assert page.count("Mail is waiting") == 1


def test_an_invitee_sees_no_other_and_can_change_nothing(visitor: Visitor, conference: Conference, ben: Participant) -> None:
    client, path = visitor(BEN), f"/conferences/{conference.id}"
    page = client.get(path).content.decode()
    assert conference.title in page
    assert CHIARA not in page
    assert "Withdraw" not in page
    before = state(conference)
    for target in ("/invite", f"/withdraw/{ben.pk}", "/end"):
        assert client.post(path + target, {"address": "eve@weaver.example"}).status_code == 404
    assert client.get(path + "/audit").status_code == 404
    assert state(conference) == before


@pytest.mark.parametrize("who", ["uninvited", "withdrawn", "the initiator of another organisation"])
def test_others_learn_nothing(visitor: Visitor, conference: Conference, who: str) -> None:
    conference.participants.filter(identity=CHIARA).update(withdrawn_at=conference.created_at)
    client = {
        "uninvited": visitor("eve@weaver.example", "initiator"),
        "withdrawn": visitor(CHIARA),
        "the initiator of another organisation": visitor("eve@else.example", "initiator", "auditor", organisation="else"),
    }[who]
    path = f"/conferences/{conference.id}"
    unknown = client.get("/conferences/" + "A" * 22)
    for target in ("", "/end", "/audit", "/calendar.ics"):
        response = client.get(path + target)
        assert (response.status_code, without_token(response)) == (404, without_token(unknown))


@pytest.mark.requirement("AUTH-3")
def test_inviting_leads_to_the_page_that_asks_and_changes_nothing(visitor: Visitor, conference: Conference) -> None:
    before = state(conference)
    client, path = visitor(ADA), f"/conferences/{conference.id}"
    response = client.post(path + "/invite", {"address": "Dora <dora@weaver.example>"})
    assert response["Location"].startswith(f"{configured.ORIGINS.auth}/authorize?")
    asked = parse_qs(urlsplit(response["Location"]).query)
    assert json.loads(asked["authorization_details"][0]) == [
        {"type": "invite", "conference": conference.id, "identity": "dora@weaver.example", "name": "Dora", "kind": "person"}
    ]
    assert state(conference) == before


def test_withdrawing(visitor: Visitor, conference: Conference, ben: Participant) -> None:
    client, path = visitor(ADA), f"/conferences/{conference.id}"
    asked = client.get(f"{path}/withdraw/{ben.pk}")
    assert "Withdraw the invitation of Ben" in asked.content.decode()
    ben.refresh_from_db()
    assert ben.withdrawn_at is None  # asking is not doing
    page = client.post(f"{path}/withdraw/{ben.pk}", follow=True).content.decode()
    assert "no longer invited" in page
    ben.refresh_from_db()
    assert ben.withdrawn_at is not None


@pytest.mark.parametrize(
    ("address", "words"),
    [("nonsense", "not an e-mail address"), ("", "Write an e-mail address"), (BEN, "invited already")],
)
def test_a_wrong_invitee_is_explained(visitor: Visitor, conference: Conference, address: str, words: str) -> None:
    before = state(conference)
    response = visitor(ADA).post(f"/conferences/{conference.id}/invite", {"address": address})
    page = response.content.decode()
    assert response.status_code == 422
    assert words in page
    assert f'value="{address}"' in page
    assert state(conference) == before


def test_the_initiator_cannot_withdraw_himself(visitor: Visitor, conference: Conference) -> None:
    ada = conference.participants.get(identity=ADA)
    before = state(conference)
    page = visitor(ADA).post(f"/conferences/{conference.id}/withdraw/{ada.pk}", follow=True).content.decode()
    assert "You cannot withdraw yourself" in page
    assert state(conference) == before


def test_a_participant_of_another_conference_is_out_of_reach(
    visitor: Visitor, conference: Conference, schedule: Callable[..., Conference]
) -> None:
    other = schedule(at=datetime.now(UTC)).participants.get(identity=BEN)
    before = state(conference)
    assert visitor(ADA).post(f"/conferences/{conference.id}/withdraw/{other.pk}").status_code == 404
    assert state(conference) == before


def test_ending_asks_first(visitor: Visitor, conference: Conference) -> None:
    client, path = visitor(ADA), f"/conferences/{conference.id}/end"
    assert "Call off this conference?" in client.get(path).content.decode()
    conference.refresh_from_db()
    assert conference.ended_at is None
    assert "called off" in client.post(path, follow=True).content.decode()
    conference.refresh_from_db()
    assert conference.end_reason == "initiator"
    assert "is over" in client.post(path, follow=True).content.decode()


def test_after_the_end_nothing_can_be_changed(visitor: Visitor, conference: Conference, ben: Participant) -> None:
    end_conference(conference_id=conference.id, reason="initiator", actor=ADA, now=conference.created_at)
    client, path = visitor(ADA), f"/conferences/{conference.id}"
    page = client.get(path).content.decode()
    assert "Withdraw" not in page
    assert "/c/" not in page
    before = state(conference)
    assert client.post(path + "/invite", {"address": "eve@weaver.example"}).status_code == 422
    client.post(f"{path}/withdraw/{ben.pk}")
    assert state(conference) == before


def test_calendar_file(visitor: Visitor, conference: Conference) -> None:
    response = visitor(BEN).get(f"/conferences/{conference.id}/calendar.ics")
    event = Calendar.from_ical(response.content).walk("VEVENT")[0]
    assert event["DTSTART"].dt == conference.starts_at.replace(microsecond=0)
    assert BEN not in response.content.decode()


@pytest.mark.parametrize("count", [1, 3])
def test_queries_do_not_grow(
    visitor: Visitor, schedule: Callable[..., Conference], count: int, django_assert_num_queries: Callable[..., object]
) -> None:
    conference = schedule(at=datetime.now(UTC), invitees=tuple(Invitee(f"p{n}@weaver.example") for n in range(count)))
    client = visitor(ADA)
    client.get("/")  # from now on the session is only read
    with django_assert_num_queries(4):  # session, its end, conference, participants
        assert client.get(f"/conferences/{conference.id}").status_code == 200


def test_join_is_offered_while_it_is_open(visitor: Visitor, schedule: Callable[..., Conference]) -> None:
    now = datetime.now(UTC)
    for minutes, offered in ((16, False), (14, True), (-30, True), (-76, False)):
        conference = schedule(at=now, starts_at=now + timedelta(minutes=minutes))
        page = visitor(BEN).get(f"/conferences/{conference.id}").content.decode()
        assert ('data-testid="join"' in page) is offered
