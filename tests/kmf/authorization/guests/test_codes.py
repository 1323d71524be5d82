"""Guests: a code to an invited address, good once, for one browser; everybody else sees the same and gets nothing."""

import re
from datetime import timedelta

import pytest
from django.conf import settings as site
from django.core import mail
from django.test import Client
from django.utils import timezone

from conferences.models import Conference, OutboxItem, Participant
from conferences.services.outbox import deliver_due
from conferences.services.outbox_handlers import registered
from kmf.authorization.guests.life import end_guests
from kmf.authorization.methods.chosen import DEFAULT, find_methods
from kmf.authorization.models import Account, Grant, GuestCode, RateCount
from tests.kmf.authorization.oauth_client import OAuthClient, host, query_of

GUEST = "guest@elsewhere.example"


@pytest.fixture(autouse=True)
def offered(settings):
    settings.SIGN_IN_METHODS = find_methods([*DEFAULT, "email_code"])


@pytest.fixture
def invited(conference) -> Participant:
    now = timezone.now()
    Conference.objects.filter(pk=conference.pk).update(starts_at=now - timedelta(minutes=5))
    return Participant.objects.create(
        organisation=conference.organisation, conference=conference, identity=GUEST, invited_at=now, invited_by="Ada"
    )


@pytest.fixture
def tab() -> Client:
    return another()


def another() -> Client:
    return Client(headers={"host": host(site.ORIGINS.auth)})


def ask(tab, address=GUEST, **more):
    return tab.post("/sign-in/code", {"address": address} | more)


def deliver():
    handlers = {"sign_in.code": registered()["sign_in.code"]}
    deliver_due(now=timezone.now(), handlers=handlers, limit=10)


def mailed():
    deliver()
    return re.search(r"Your code: (\d{4} \d{4})", mail.outbox[-1].body)[1]


def enter(tab, code, **more):
    return tab.post("/sign-in/code/enter", {"code": code} | more)


def is_signed_in(tab):
    return tab.get("/").status_code == 200


@pytest.mark.requirement("AUTH-13")
def test_a_code_signs_a_guest_in_for_what_he_is_invited_to(tab, invited, clients, conference, audited):
    assert ask(tab, " Guest@Elsewhere.example ", next="/authorize?a=1")["Location"].endswith("next=%2Fauthorize%3Fa%3D1")
    assert enter(tab, mailed(), next="/authorize?a=1")["Location"] == "/authorize?a=1"
    account = Account.objects.get(email=GUEST)
    assert (account.is_guest, account.roles, account.has_usable_password()) == (True, [], False)
    assert audited("account.signed_in")[-1]["details"] == {"methods": ["otp"], "acr": "any"}
    client = OAuthClient(tab, client_id="endpoint", scope=f"conference:{conference.id}")
    assert client.tokens()["token_type"] == "DPoP"
    assert Grant.objects.get().acr == "any"
    client.new_verifier()
    page = tab.get(client.authorize(acr_values="company")["Location"])
    assert "asks for a company sign-in" in page.content.decode()
    assert tab.get("/second-factor/passkey").status_code == 404
    [message] = mail.outbox
    assert message.to == [GUEST]
    assert not re.search(r"\d{4}", message.subject)


@pytest.mark.requirement("AUTH-13")
@pytest.mark.parametrize("who", ["not invited", "withdrawn", "banned", "a room", "over", "has an account"])
def test_who_is_no_guest_sees_the_same_and_gets_nothing(tab, invited, account, who):
    now = timezone.now()
    rows = Participant.objects.filter(pk=invited.pk)
    if who == "not invited":
        rows.delete()
    elif who in ("withdrawn", "banned"):
        rows.update(**{f"{who}_at": now})
    elif who == "a room":
        rows.update(kind=Participant.Kind.ROOM)
    elif who == "over":
        Conference.objects.update(ended_at=now)
    else:
        rows.update(identity=account("ada").email)
    address = "ada@weaver.example" if who == "has an account" else GUEST
    response = ask(tab, address)
    assert (response.status_code, response["Location"]) == (302, "/sign-in/code/enter?next=")
    assert "a code is on its way" in tab.get("/sign-in/code/enter").content.decode()
    deliver()
    assert mail.outbox == []
    assert not OutboxItem.objects.filter(kind="sign_in.code").exists()
    assert enter(tab, "00000000").status_code == 422
    assert not Account.objects.filter(is_guest=True).exists()


@pytest.mark.requirement("AUTH-13")
def test_a_code_is_good_once_and_in_its_own_browser_alone(tab, invited):
    ask(tab)
    code = mailed()
    other = another()
    ask(other)
    assert enter(other, code).status_code == 422
    assert enter(tab, code).status_code == 302
    tab.post("/sign-out")
    assert enter(tab, code)["Location"] == "/sign-in/code"
    assert not is_signed_in(tab)
    assert not is_signed_in(other)


@pytest.mark.requirement("AUTH-13")
def test_five_tries_and_ten_minutes(tab, invited):
    ask(tab)
    code = mailed()
    for _ in range(5):
        assert enter(tab, "0000 0000").status_code == 422
    assert enter(tab, code).status_code == 422
    ask(tab)
    code = mailed()
    GuestCode.objects.update(expires_at=timezone.now())
    assert enter(tab, code).status_code == 422
    assert not is_signed_in(tab)
    assert not Account.objects.filter(is_guest=True).exists()


def test_the_code_stands_in_the_mail_alone(tab, invited):
    ask(tab)
    code = mailed().replace(" ", "")
    everything = str([list(model.objects.values()) for model in (GuestCode, OutboxItem, RateCount)])
    assert code not in everything
    assert GUEST in everything  # it does look into the rows


def test_a_mailbox_is_not_filled_and_a_client_is_stopped(tab, invited):
    answers = [ask(another()).status_code for _ in range(10)]
    assert answers == [302] * 10
    deliver()
    assert len(mail.outbox) == 3
    stopped = ask(another())
    assert (stopped.status_code, "Retry-After" in stopped.headers) == (429, True)


@pytest.mark.parametrize(
    "address", ["", "guest", "guest@", "a b@c.example", "x" * 250 + "@c.example", "guest@c.example\nBcc: all@c.example"]
)
def test_what_is_no_address_is_said_so(tab, invited, address):
    page = ask(tab, address)
    assert page.status_code == 422
    assert 'id="address-error"' in page.content.decode()
    assert not GuestCode.objects.exists()


@pytest.mark.requirement("AUTH-13")
def test_a_guest_lives_for_his_conferences(tab, invited, clients, conference):
    ask(tab)
    enter(tab, mailed())
    client = OAuthClient(tab, client_id="endpoint", scope=f"conference:{conference.id}")
    answer = client.tokens()
    end_guests(now=timezone.now())
    assert is_signed_in(tab)
    Participant.objects.update(withdrawn_at=timezone.now())
    end_guests(now=timezone.now())
    assert not is_signed_in(tab)
    assert client.refresh(answer["refresh_token"]).json() == {"error": "invalid_grant"}
    Participant.objects.update(withdrawn_at=None)
    ask(tab)
    enter(tab, mailed())
    assert is_signed_in(tab)
    assert Account.objects.filter(is_guest=True).count() == 1


def test_a_guest_who_was_switched_off_stays_so(tab, invited):
    ask(tab)
    enter(tab, mailed())
    Account.objects.filter(is_guest=True).update(is_active=False)
    other = another()
    ask(other)
    assert enter(other, mailed()).status_code == 422
    assert not is_signed_in(other)


def test_where_it_is_not_offered_it_is_not_there(tab, invited, settings):
    settings.SIGN_IN_METHODS = find_methods(DEFAULT)
    assert tab.get("/sign-in/code").status_code == ask(tab).status_code == 404
    assert "Get a code" not in tab.get("/sign-in").content.decode()
    assert not GuestCode.objects.exists()


def test_the_sign_in_page_leads_there_and_back(tab, invited):
    assert "/sign-in/code?next=%2Fauthorize%3Fa%3D1" in tab.get("/sign-in?next=/authorize%3Fa%3D1").content.decode()
    assert ask(tab, next="//evil.localhost/")["Location"] == "/sign-in/code/enter?next="
    assert query_of(ask(tab, next="/x")) == {"next": "/x"}
