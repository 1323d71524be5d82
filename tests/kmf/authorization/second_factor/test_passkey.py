"""Passkeys: bound to the auth origin and to their owner's consent, good without a password."""

import json

import pytest
from allauth.mfa.models import Authenticator
from django.conf import settings

from kmf.authorization.models import Grant
from tests.kmf.authorization.oauth_client import OAuthClient, query_of
from tests.kmf.authorization.second_factor.soft_passkey import USER_PRESENT, USER_VERIFIED

OTHER_ORIGINS = [
    "http://auth.localhost:9999",
    "https://auth.localhost:8000",
    "http://core.localhost:8000",
    "http://sub.auth.localhost:8000",
    "http://auth.localhost",
    "null",
]


def test_a_passkey_is_asked_for_as_one_that_asks_for_its_owner(person):
    page = person.browser.get("/second-factor/passkey")
    options = json.loads(page.context["passkey_options"])["publicKey"]
    assert options["rp"] == {"id": "auth.localhost", "name": "Conclave"}
    assert options["authenticatorSelection"]["residentKey"] == "required"
    assert options["authenticatorSelection"]["userVerification"] == "required"
    assert person.elsewhere().options()["publicKey"]["userVerification"] == "required"


@pytest.mark.requirement("AUTH-10")
def test_a_passkey_alone_signs_in_as_two_factors(person, audited, clients, conference, participant):
    assert person.add_passkey()["Location"] == "/second-factor/recovery-codes?first=1"
    assert [entry["details"]["kind"] for entry in audited("account.factor_added")] == ["passkey"]
    other = person.elsewhere()
    assert other.use_passkey(next="/authorize?a=1")["Location"] == "/authorize?a=1"
    assert other.is_signed_in()
    assert audited("account.signed_in")[-1]["details"] == {"methods": ["pop", "mfa"], "acr": "second_factor"}
    client = OAuthClient(other.browser, client_id="endpoint", scope=f"conference:{conference.id}")
    assert "code" in query_of(client.authorize(acr_values="second_factor"))
    assert (Grant.objects.get().amr, Grant.objects.get().acr) == (["pop", "mfa"], "second_factor")


def test_a_passkey_is_the_second_step_after_a_password(person):
    person.add_passkey()
    other = person.elsewhere()
    other.type_password()
    page = other.browser.get("/sign-in/second-factor")
    answer = other.passkey.get(json.loads(page.context["passkey_options"]))
    response = other.browser.post("/sign-in/second-factor", {"credential": json.dumps(answer)})
    assert response.status_code == 302
    assert other.is_signed_in()


def refused(person, audited, answer):
    before = len(audited("account.sign_in_refused"))
    response = person.use_passkey(answer)
    assert response["Location"].startswith("/sign-in?passkey=failed")
    assert not person.is_signed_in()
    assert [entry["details"]["reason"] for entry in audited("account.sign_in_refused")[before:]] in (
        ["wrong passkey"],
        ["unknown account"],
    )


@pytest.mark.requirement("AUTH-11")
@pytest.mark.parametrize("origin", OTHER_ORIGINS)
def test_a_passkey_that_signed_for_another_origin_opens_nothing(person, audited, origin):
    person.add_passkey()
    other = person.elsewhere()
    other.passkey.origin = origin
    refused(other, audited, other.passkey.get(other.options()))
    assert settings.ORIGINS.auth not in OTHER_ORIGINS


@pytest.mark.requirement("AUTH-11")
@pytest.mark.parametrize(
    "how", ["unattended", "absent", "framed", "other relying party", "other key", "old challenge", "nobody's"]
)
def test_a_passkey_used_wrongly_opens_nothing(person, audited, how):
    person.add_passkey()
    other = person.elsewhere()
    passkey = other.passkey
    options = other.options()
    if how == "unattended":
        passkey.flags = USER_PRESENT
    elif how == "absent":
        passkey.flags = USER_VERIFIED
    elif how == "framed":
        passkey.cross_origin = True
    elif how == "other relying party":
        passkey.rp_id = "core.localhost"
    elif how == "other key":
        passkey.key = type(passkey)(origin="", rp_id="").key
    elif how == "old challenge":
        other.options()
    else:
        passkey.user_handle = "bm9ib2R5"
    refused(other, audited, passkey.get(options))


@pytest.mark.requirement("AUTH-11")
def test_an_answer_is_good_once(person, audited):
    person.add_passkey()
    other = person.elsewhere()
    answer = other.passkey.get(other.options())
    assert other.use_passkey(answer).status_code == 302
    other.browser.post("/sign-out")
    refused(other, audited, answer)
    refused(person.elsewhere(), audited, answer)


@pytest.mark.parametrize(
    "answer",
    [
        {},
        [],
        "x",
        7,
        None,
        {"id": "", "rawId": "", "response": {}},
        {"response": {"clientDataJSON": "e30"}},
        {"response": []},
        {"response": {"clientDataJSON": 1, "userHandle": {}}},
    ],
)
def test_what_is_no_answer_of_a_passkey_is_refused_without_an_error(person, answer):
    other = person.elsewhere()
    other.options()
    assert other.use_passkey(answer).status_code == 302
    assert not other.is_signed_in()


@pytest.mark.requirement("AUTH-11")
@pytest.mark.parametrize("how", ["another origin", "unattended", "old challenge", "no answer"])
def test_a_passkey_that_was_made_wrongly_is_not_added(person, audited, how):
    def change(answer):
        return {"response": {}} if how == "no answer" else answer

    if how == "another origin":
        person.passkey.origin = "http://core.localhost:8000"
    if how == "unattended":
        person.passkey.flags = USER_PRESENT
    if how == "old challenge":
        made = person.passkey.create(json.loads(person.browser.get("/second-factor/passkey").context["passkey_options"]))
        response = person.add_passkey(lambda _answer: made)
    else:
        response = person.add_passkey(change)
    assert response.status_code == 200
    assert "No passkey was added" in response.content.decode()
    assert person.kinds() == []
    assert audited("account.factor_added") == []


def test_a_switched_off_accounts_passkey_opens_nothing(person, audited):
    person.add_passkey()
    person.account.is_active = False
    person.account.save()
    other = person.elsewhere()
    assert other.use_passkey()["Location"] == "/inactive"
    assert not other.is_signed_in()


def test_a_removed_passkey_opens_nothing(person, audited):
    person.add_passkey()
    person.browser.post(f"/second-factor/{Authenticator.objects.get().pk}/remove")
    assert [entry["details"] for entry in audited("account.factor_removed")] == [{"kind": "passkey"}]
    other = person.elsewhere()
    refused(other, audited, other.passkey.get(other.options()))


def test_a_passkey_confirms_who_one_is(person):
    person.add_passkey()
    other = person.elsewhere()
    other.use_passkey()
    where = "/confirm/passkey?next=/second-factor/app"
    answer = other.passkey.get(json.loads(other.browser.get(where).context["passkey_options"]))
    response = other.browser.post("/confirm/passkey", {"credential": json.dumps(answer), "next": "/second-factor/app"})
    assert response["Location"] == "/second-factor/app"
    assert other.browser.get("/second-factor/app").status_code == 200
