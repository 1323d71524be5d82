"""Authenticator apps: added by whoever confirmed, asked after the password, each code good once."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from allauth.mfa.models import Authenticator
from django.core import mail
from django.db import connection
from django.utils import timezone

from conferences.services.outbox import deliver_due
from conferences.services.outbox_handlers import registered
from kmf.authorization.models import RateCount


def test_an_app_is_added_with_its_first_code(person, audited):
    response = person.add_app()
    assert response["Location"] == "/second-factor/recovery-codes?first=1"
    assert person.kinds() == ["totp"]
    assert [entry["details"] for entry in audited("account.factor_added")] == [{"kind": "totp"}]
    page = person.browser.get("/").content.decode()
    assert "Authenticator app" in page
    assert person.secret not in page


def test_the_secret_lies_sealed(person):
    person.add_app()
    assert person.secret not in json.dumps(Authenticator.objects.get().data)
    assert person.secret not in str(dict(person.browser.session))


def test_a_wrong_first_code_adds_nothing_and_keeps_the_key(person, audited):
    first = person.browser.get("/second-factor/app").context["form"].secret
    page = person.browser.post("/second-factor/app", {"code": "000000"})
    assert page.context["form"].secret == first
    assert 'aria-describedby="code-help code-error"' in page.content.decode()
    assert person.kinds() == []
    assert audited("account.factor_added") == []


@pytest.mark.requirement("AUTH-11")
@pytest.mark.parametrize("path", ["/second-factor/app", "/second-factor/passkey", "/second-factor/recovery-codes"])
def test_adding_asks_who_one_is_first(person, path):
    other = person.elsewhere()
    other.type_password()
    for answer in (other.browser.get(path), other.browser.post(path, {"code": "1"})):
        assert answer["Location"].startswith("/confirm?next=")
    assert person.kinds() == []


@pytest.mark.requirement("AUTH-10")
def test_the_password_alone_opens_nothing_any_more(person, audited):
    person.add_app()
    other = person.elsewhere()
    assert other.type_password(next="/authorize?a=1")["Location"] == "/sign-in/second-factor"
    assert not other.is_signed_in()
    page = other.browser.get("/sign-in/second-factor").content.decode()
    assert "ada@weaver.example" in page
    assert other.type_code(other.code())["Location"] == "/authorize?a=1"
    assert other.is_signed_in()
    assert audited("account.signed_in")[-1]["details"] == {"methods": ["pwd", "otp", "mfa"], "acr": "second_factor"}


@pytest.mark.requirement("AUTH-10")
def test_a_code_is_good_once(person, audited):
    person.add_app()
    code = person.code()
    first, second = person.elsewhere(), person.elsewhere()
    for one in (first, second):
        one.type_password()
    assert first.type_code(code).status_code == 302
    assert second.type_code(code).status_code == 200
    assert second.type_code(person.code(-1)).status_code == 200  # an earlier one neither
    assert not second.is_signed_in()
    assert [entry["details"]["reason"] for entry in audited("account.sign_in_refused")] == ["wrong code", "wrong code"]


@pytest.mark.parametrize("code", ["", "12345", "1234567", "abcdef", "١٢٣٤٥٦", "000 000", "-00000", "x" * 200])
def test_what_is_no_code_signs_nobody_in(person, code):
    person.add_app()
    other = person.elsewhere()
    other.type_password()
    assert other.type_code(code).status_code == 200
    assert not other.is_signed_in()


def test_a_code_typed_with_a_gap_is_taken(person):
    person.add_app()
    other = person.elsewhere()
    other.type_password()
    code = other.code()
    assert other.type_code(f" {code[:3]} {code[3:]} ").status_code == 302


def test_a_guesser_is_stopped_from_wherever(person, audited):
    person.add_app()
    answers = []
    for _ in range(2):
        other = person.elsewhere()
        other.type_password()
        answers += [other.type_code("000000").status_code for _ in range(3)]
    assert answers == [200] * 5 + [429]
    assert other.type_code(other.code()).status_code == 429
    assert not other.is_signed_in()
    reasons = [entry["details"]["reason"] for entry in audited("account.sign_in_refused")]
    assert reasons == ["wrong code"] * 5 + ["too many attempts"]
    RateCount.objects.update(ends_at=timezone.now())
    assert other.type_code(other.code()).status_code == 302


def test_recovery_codes_are_shown_once_and_are_good_once(person):
    person.add_app()
    codes = person.recovery_codes()
    assert len(set(codes)) == 10
    assert codes[0] not in person.browser.get("/second-factor/recovery-codes").content.decode()
    for expected in (302, 200):
        other = person.elsewhere()
        other.type_password()
        assert other.type_code(codes[0]).status_code == expected
        assert other.is_signed_in() == (expected == 302)
    assert "9 left" in person.browser.get("/").content.decode()
    person.recovery_codes()
    other = person.elsewhere()
    other.type_password()
    assert other.type_code(codes[1]).status_code == 200  # the list before is over


def test_without_a_second_factor_there_is_no_recovery(person):
    assert person.browser.post("/second-factor/recovery-codes").status_code == 404
    assert person.kinds() == []


def test_removing_the_last_one_takes_the_recovery_codes_with_it(person, audited):
    person.add_app()
    person.recovery_codes()
    path = f"/second-factor/{Authenticator.objects.get(type='totp').pk}/remove"
    assert "only second factor" in person.browser.get(path).content.decode()
    assert person.kinds() == ["recovery_codes", "totp"]
    assert person.browser.post(path)["Location"] == "/?factor_removed=1"
    assert person.kinds() == []
    assert [entry["details"] for entry in audited("account.factor_removed")] == [{"kind": "totp"}]
    assert person.elsewhere().type_password()["Location"] == "/"


@pytest.mark.requirement("AUTH-11")
def test_nobody_removes_anothers(person, account, password_hash):
    person.add_app()
    bob = account("bob")
    bob.password = password_hash
    bob.save()
    other = type(person)(bob)
    other.type_password()
    other.confirm()
    assert other.browser.post(f"/second-factor/{Authenticator.objects.get().pk}/remove").status_code == 404
    assert person.kinds() == ["totp"]


@pytest.mark.django_db(transaction=True)
def test_of_many_at_once_with_one_code_one_gets_in(person):
    person.add_app()
    code, people = person.code(), [person.elsewhere() for _ in range(4)]
    for one in people:
        one.type_password()

    def enter(one):
        try:
            return one.type_code(code).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(enter, people)) == [200, 200, 200, 302]


def test_the_owner_is_told_by_mail_what_was_added_and_removed(person):
    person.add_app()
    codes = person.recovery_codes()
    person.browser.post(f"/second-factor/{Authenticator.objects.get(type='totp').pk}/remove")
    handlers = {"account.factor_changed": registered()["account.factor_changed"]}
    deliver_due(now=timezone.now(), handlers=handlers, limit=9)
    assert [message.to for message in mail.outbox] == [["ada@weaver.example"]] * 3
    assert [message.subject.partition(": ")[2] for message in mail.outbox] == [
        "an authenticator app was added",
        "a list of recovery codes was added",
        "an authenticator app was removed",
    ]
    everything = "".join(message.body for message in mail.outbox)
    assert "http://auth.localhost:8000" in everything
    assert not any(secret in everything for secret in (person.secret, *codes))
