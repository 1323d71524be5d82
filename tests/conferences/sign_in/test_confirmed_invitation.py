"""An invitation is confirmed by name at the authorization server; nothing else that comes back invites anybody (ADR 0036)."""

import dataclasses
import json
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, urlencode

import pytest
from django.conf import settings as configured
from django.test import Client

from conferences.models import AuditEntry, Conference, Participant
from conferences.services.plan import ConferencePlan, Invitee
from conferences.services.scheduling import end_conference, schedule_conference
from conferences.time_words import clock_words, day_words
from kmf.authorization.models import Account, Grant
from tests.conferences.sign_in.redirects import host, path_of

pytestmark = pytest.mark.requirement("AUTH-3")
DORA = "dora@weaver.example"
CONFIRMED = {"decision": "confirmed", "meant": "yes"}
PASSWORD = "a long and winding password"


@pytest.fixture
def conference(ada) -> Conference:
    now = datetime.now(UTC)
    plan = ConferencePlan("Quarterly figures", now - timedelta(minutes=5), "Europe/Berlin", 60, (Invitee("ben@weaver.example"),))
    return schedule_conference(
        plan=plan, organisation=ada.organisation, initiator_identity=ada.email, initiator_name=ada.name, now=now
    )


def by_password(account) -> Client:
    account.set_password(PASSWORD)
    account.save()
    client = Client(headers={"host": host(configured.ORIGINS.auth)})
    assert client.post("/sign-in", {"login": account.email, "password": PASSWORD}).status_code == 302
    return client


@pytest.fixture
def auth(ada) -> Client:
    return by_password(ada)


@pytest.fixture
def signed_in(core, auth) -> Client:
    core.get(path_of(auth.get(path_of(core.get("/sign-in")))))
    return core


def ask(core, conference, address=f"Dora <{DORA}>", **more):
    """What the form of the core application leads to, as a path of the authorization server."""
    return path_of(core.post(f"/conferences/{conference.id}/invite", {"address": address} | more))


def invited(conference):
    return sorted(conference.participants.filter(withdrawn_at=None).values_list("identity", flat=True))


BEFORE = ["ada@weaver.example", "ben@weaver.example"]


def events(conference):
    return list(AuditEntry.objects.filter(chain=conference.id).order_by("number").values_list("event", flat=True))


def page_after(core, answer):
    back = core.get(path_of(answer))
    return core.get(back["Location"]).content.decode()


def test_the_page_names_whom_and_where_and_what_it_says_is_done(signed_in, auth, conference):
    asked = ask(signed_in, conference)
    page = auth.get(asked).content.decode()
    zone = "Europe/Berlin"
    begins = f"{day_words(conference.starts_at, zone)}, {clock_words(conference.starts_at, zone)}"
    for words in (DORA, "Dora", "Quarterly figures", "A person", begins, conference.organisation.name):
        assert words in page
    assert f'datetime="{conference.starts_at.astimezone(UTC):%Y-%m-%dT%H:%M}' in page  # for the zone of whoever looks
    assert "Look closely" not in page
    assert invited(conference) == BEFORE
    assert f"{DORA} is invited" in page_after(signed_in, auth.post(asked, CONFIRMED))
    assert invited(conference) == sorted([*BEFORE, DORA])
    dora = conference.participants.get(identity=DORA)
    assert (dora.name, dora.kind, dora.invited_by) == ("Dora", Participant.Kind.PERSON, "Ada Weaver")
    granted = AuditEntry.objects.get(chain=conference.id, event="authorization.confirmed")
    assert json.loads(granted.body)["details"]["action"]["identity"] == DORA


def test_a_room_is_shown_as_one(signed_in, auth, conference):
    asked = ask(signed_in, conference, "room-7@weaver.example", is_room="on")
    assert "A room system" in auth.get(asked).content.decode()
    page_after(signed_in, auth.post(asked, CONFIRMED))
    assert conference.participants.get(identity="room-7@weaver.example").kind == Participant.Kind.ROOM


def test_an_address_that_looks_like_another_is_spelled_out(signed_in, auth, conference):
    asked = ask(signed_in, conference, "Ben <ben@we\u0430ver.example>")
    page = auth.get(asked).content.decode()
    for words in ("Look closely", "CYRILLIC SMALL LETTER A", "Latin, Cyrillic", "we\u0430ver".encode("idna").decode()):
        assert words in page
    wire = "we\u0430ver".encode("idna").decode()
    page = auth.get(ask(signed_in, conference, f"ben@{wire}.example")).content.decode()
    assert "Look closely" in page
    assert "ben@we\u0430ver.example" in page
    assert invited(conference) == BEFORE


def test_declined_nothing_happens_and_what_he_typed_is_still_there(signed_in, auth, conference):
    page = page_after(signed_in, auth.post(ask(signed_in, conference), {"decision": "declined"}))
    assert "Nobody was invited" in page
    assert f'value="Dora &lt;{DORA}&gt;"' in page
    assert invited(conference) == BEFORE
    assert events(conference)[-1] == "authorization.declined"
    assert f'value="Dora &lt;{DORA}&gt;"' not in signed_in.get(f"/conferences/{conference.id}").content.decode()


@pytest.mark.parametrize("form", [{}, {"decision": "confirmed"}, {"meant": "yes"}, {"decision": "x", "meant": "yes"}])
def test_one_press_alone_confirms_nothing(signed_in, auth, conference, form):
    answer = auth.post(ask(signed_in, conference), form)
    assert answer.status_code in {200, 422}
    assert DORA in answer.content.decode()
    assert Grant.objects.filter(authorization_details__contains=[{"type": "invite"}]).count() == 0
    assert invited(conference) == BEFORE


def test_an_old_sign_in_is_renewed_first_and_the_page_still_asks(signed_in, auth, conference):
    asked = ask(signed_in, conference)
    grow_old(auth, 601)
    for answer in (auth.get(asked), auth.post(asked, CONFIRMED)):
        assert answer["Location"].startswith("/confirm?next=/authorize%3F")
    back = auth.get(auth.get(asked)["Location"]).context["redirect_field_value"]
    assert auth.post("/confirm", {"password": PASSWORD, "next": back})["Location"] == back
    assert DORA in auth.get(back).content.decode()  # signing in was not confirming
    assert invited(conference) == BEFORE
    page_after(signed_in, auth.post(back, CONFIRMED))
    assert DORA in invited(conference)


def grow_old(client, seconds):
    session = client.session
    for entry in session["account_authentication_methods"]:
        entry["at"] -= seconds
    session.save()


def test_a_larger_max_age_does_not_make_an_old_sign_in_young(signed_in, auth, conference):
    grow_old(auth, 601)
    assert auth.get(ask(signed_in, conference) + "&max_age=9999999")["Location"].startswith("/confirm")


def details_of(path):
    return json.loads(dict(parse_qsl(path.partition("?")[2]))["authorization_details"])


def changed(path, **members):
    """The request as script of the core application may alter it on its way."""
    query = dict(parse_qsl(path.partition("?")[2]))
    query["authorization_details"] = json.dumps([details_of(path)[0] | members])
    return f"/authorize?{urlencode(query)}"


def test_a_request_altered_on_the_way_is_shown_as_altered_and_invites_nobody(signed_in, auth, conference):
    asked = changed(ask(signed_in, conference), identity="eve@else.example")
    assert "eve@else.example" in auth.get(asked).content.decode()
    assert "not confirmed" in page_after(signed_in, auth.post(asked, CONFIRMED))
    assert invited(conference) == BEFORE


def test_a_request_without_its_action_invites_nobody(signed_in, auth, conference):
    query = dict(parse_qsl(ask(signed_in, conference).partition("?")[2]))
    del query["authorization_details"]
    assert "not confirmed" in page_after(signed_in, auth.get(f"/authorize?{urlencode(query)}"))
    assert invited(conference) == BEFORE


def test_a_confirmation_is_good_once(signed_in, auth, conference):
    answer = auth.post(ask(signed_in, conference), CONFIRMED)
    page_after(signed_in, answer)
    conference.participants.filter(identity=DORA).update(withdrawn_at=datetime.now(UTC))
    assert signed_in.get(path_of(answer)).status_code == 400
    assert invited(conference) == BEFORE


def test_a_confirmation_does_not_serve_another_request(signed_in, auth, conference):
    first = ask(signed_in, conference)
    second = ask(signed_in, conference, "eve@else.example")
    answer = path_of(auth.post(first, CONFIRMED))
    states = [dict(parse_qsl(path.partition("?")[2]))["state"] for path in (first, second)]
    signed_in.get(answer.replace(states[0], states[1]))
    assert invited(conference) == BEFORE


def test_another_account_confirms_nothing(signed_in, conference, ada):
    asked = ask(signed_in, conference)
    eve = Account.objects.create_account(email="eve@weaver.example", name="Eve", organisation=ada.organisation)
    other = by_password(eve)
    assert "error=access_denied" in other.get(asked)["Location"]
    assert "error=access_denied" in other.post(asked, CONFIRMED)["Location"]
    assert Grant.objects.filter(user=eve).count() == 0
    assert invited(conference) == BEFORE


def test_a_conference_that_ended_meanwhile(signed_in, auth, conference, ada):
    asked = ask(signed_in, conference)
    confirmed = auth.post(asked, CONFIRMED)
    end_conference(conference_id=conference.id, reason="initiator", actor=ada.email, now=datetime.now(UTC))
    assert "error=access_denied" in auth.get(asked)["Location"]
    assert "conference is over" in page_after(signed_in, confirmed)
    assert invited(conference) == BEFORE


def test_the_answer_of_the_page_needs_the_page(signed_in, auth, conference):
    strict = Client(enforce_csrf_checks=True, headers={"host": host(configured.ORIGINS.auth)})
    strict.cookies = auth.cookies
    asked = ask(signed_in, conference)
    assert strict.post(asked, CONFIRMED, headers={"origin": configured.ORIGINS.core}).status_code == 403
    assert strict.post(asked, CONFIRMED).status_code == 403
    assert invited(conference) == BEFORE


def test_no_other_page_may_frame_it(signed_in, auth, conference):
    page = auth.get(ask(signed_in, conference))
    assert "frame-ancestors 'none'" in page["Content-Security-Policy"]
    assert page["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "no-store" in page["Cache-Control"]


def test_with_the_authorization_server_away_what_he_typed_is_kept(signed_in, auth, conference, settings):
    answer = auth.post(ask(signed_in, conference), CONFIRMED)
    settings.ORIGINS = dataclasses.replace(settings.ORIGINS, internal_trusted="http://127.0.0.1:1")
    page = page_after(signed_in, answer)
    assert "Nobody was invited" in page
    assert DORA in page
    assert invited(conference) == BEFORE


WRONG = {
    "no list": '{"type":"invite"}',
    "empty": "[]",
    "two actions": lambda one: json.dumps([one, one]),
    "unknown type": lambda one: json.dumps([one | {"type": "unlock"}]),
    "a member more": lambda one: json.dumps([one | {"also": "eve@else.example"}]),
    "a member less": lambda one: json.dumps([{name: one[name] for name in one if name != "kind"}]),
    "a member twice": lambda one: json.dumps([one])[:-2] + ',"identity":"eve@else.example"}]',
    "closed early": lambda one: json.dumps([one]) + ',"more":[]',
    "identity in capitals": lambda one: json.dumps([one | {"identity": "Dora@weaver.example"}]),
    "identity with turned writing": lambda one: json.dumps([one | {"identity": "elpmaxe.\u202eesle@eve"}]),
    "name over lines": lambda one: json.dumps([one | {"name": "Dora\n\n\nConference: other"}]),
    "neither person nor room": lambda one: json.dumps([one | {"kind": "admin"}]),
    "no conference": lambda one: json.dumps([one | {"conference": "x"}]),
    "not JSON": "x",
}


@pytest.mark.parametrize("details", WRONG.values(), ids=WRONG)
def test_an_action_that_could_be_read_in_two_ways_is_not_shown(signed_in, auth, conference, details):
    asked = ask(signed_in, conference)
    text = details if isinstance(details, str) else details(details_of(asked)[0])
    query = dict(parse_qsl(asked.partition("?")[2])) | {"authorization_details": text}
    answer = auth.get(f"/authorize?{urlencode(query)}")
    assert "error=invalid_authorization_details" in answer["Location"]
    assert invited(conference) == BEFORE


@pytest.mark.parametrize("address", ["Do\u00a0ra <dora@weaver.example>", "\U0001f469\u200d\U0001f4bb <dora@weaver.example>"])
def test_what_could_not_be_shown_there_is_refused_in_the_form(signed_in, conference, address):
    answer = signed_in.post(f"/conferences/{conference.id}/invite", {"address": address})
    assert answer.status_code == 422
    assert "cannot be shown" in answer.content.decode()
    assert "dora@weaver.example" in answer.content.decode()
    assert invited(conference) == BEFORE
