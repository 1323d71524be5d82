"""The first second factor asks for the mailbox: whoever knows the password alone adds none of his own."""

import json
from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from django.core import mail
from django.utils import timezone

from conferences.models import OutboxItem
from kmf.authorization.cleaning import clean
from kmf.authorization.mailed_codes import LIFETIME
from kmf.authorization.models import MailboxCode, RateCount
from kmf.authorization.second_factor.guards import MAILBOX_SHOWN_WITHIN

pytestmark = pytest.mark.requirement("AUTH-11")
ADDING = ["/second-factor/app", "/second-factor/passkey"]
WHERE = "/second-factor/mail"


def adds_nothing(person, audited):
    for path in ADDING:
        for answer in (person.browser.get(path), person.browser.post(path, {"code": "000000", "credential": "{}"})):
            assert answer["Location"] == f"{WHERE}?next={path.replace('/', '%2F')}"
    assert person.kinds() == []
    assert audited("account.factor_added") == []


def test_who_knows_the_password_alone_is_asked_for_the_mailbox(intruder, audited):
    adds_nothing(intruder, audited)
    assert OutboxItem.objects.count() == 0  # nothing is sent before somebody asks
    assert "One thing first" in intruder.browser.get(WHERE).content.decode()


def test_the_code_leads_on_to_where_one_was_going(intruder, audited):
    where = intruder.browser.get("/second-factor/app?next=/authorize%3Fa%3D1")["Location"]
    page = intruder.browser.get(where)
    back = page.context["next"]
    assert back == "/second-factor/app?next=%2Fauthorize%3Fa%3D1"
    answer = intruder.browser.post(WHERE, {"code": intruder.mailed_code(), "next": back})
    assert answer["Location"] == back
    page = intruder.browser.get(back)
    assert page.context["next"] == "/authorize?a=1"
    assert intruder.add_app()["Location"].startswith("/second-factor/recovery-codes")
    assert intruder.kinds() == ["totp"]
    assert len(audited("account.mailbox_asked")) == 1


def test_the_code_goes_to_the_accounts_own_address_and_stands_nowhere_else(intruder, ada):
    code = intruder.mailed_code().replace(" ", "")
    row = MailboxCode.objects.get()
    assert (row.account, code in row.code_hash) == (ada, False)
    assert code not in json.dumps(list(OutboxItem.objects.values_list("payload", flat=True)))
    intruder.browser.post(WHERE)
    assert code not in str(dict(intruder.browser.session))


@pytest.mark.parametrize("typed", ["0000 0000", "", "1", "x" * 200, "0" * 8 + "\0"])
def test_a_wrong_code_opens_nothing_and_is_audited(intruder, audited, typed):
    right = intruder.mailed_code()
    assert typed.replace(" ", "") != right.replace(" ", "")
    page = intruder.browser.post(WHERE, {"code": typed})
    assert page.status_code == 422
    assert 'aria-describedby="code-error"' in page.content.decode()
    adds_nothing(intruder, audited)
    assert [entry["details"]["reason"] for entry in audited("account.sign_in_refused")] == ["wrong code of the mailbox"]


def test_five_tries_are_good_for_one_code(intruder, audited):
    right = intruder.mailed_code()
    for _ in range(5):
        assert intruder.browser.post(WHERE, {"code": "0000 0000"}).status_code == 422
    assert intruder.browser.post(WHERE, {"code": right}).status_code == 422
    adds_nothing(intruder, audited)


def test_a_code_is_good_once_and_in_the_browser_that_asked(intruder, audited):
    right, other = intruder.mailed_code(), intruder.elsewhere()
    other.type_password()
    other.confirm()
    other.browser.post(WHERE)  # he asked for one himself, which he cannot read
    assert other.browser.post(WHERE, {"code": right}).status_code == 422
    adds_nothing(other, audited)
    assert intruder.browser.post(WHERE, {"code": right})["Location"] == "/"
    assert intruder.browser.get(ADDING[0]).status_code == 200
    assert other.browser.get(ADDING[0]).status_code == 302
    assert MailboxCode.objects.filter(code_hash="").count() == MailboxCode.objects.count() == 1


def test_a_code_and_what_it_opened_are_over_after_ten_minutes(intruder, audited):
    right = intruder.mailed_code()
    MailboxCode.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert intruder.browser.post(WHERE, {"code": right}).status_code == 422
    assert timedelta(minutes=10) == LIFETIME == MAILBOX_SHOWN_WITHIN
    intruder.show_mailbox()
    assert intruder.browser.get(ADDING[0]).status_code == 200
    session = intruder.browser.session
    for wrong_by in (-601, 60):  # too long ago; of a clock that was put back
        session["mailbox_shown_at"] = timezone.now().timestamp() + wrong_by
        session.save()
        assert intruder.browser.get(ADDING[0]).status_code == 302
    assert intruder.kinds() == []


def test_a_mailbox_is_not_filled(intruder, audited):
    answers = [intruder.browser.post(WHERE).status_code for _ in range(4)]
    assert answers == [302, 302, 302, 429]
    assert OutboxItem.objects.count() == MailboxCode.objects.count() == 3
    adds_nothing(intruder, audited)
    RateCount.objects.update(ends_at=timezone.now())
    assert intruder.browser.post(WHERE).status_code == 302


def test_it_asks_for_the_password_first(intruder):
    other = intruder.elsewhere()
    other.type_password()
    for answer in (other.browser.get(WHERE), other.browser.post(WHERE), other.browser.post(WHERE, {"code": "1"})):
        assert answer["Location"].startswith("/confirm?next=")
    assert OutboxItem.objects.count() == 0
    assert intruder.elsewhere().browser.get(WHERE)["Location"].startswith("/sign-in?next=")


def test_whoever_has_a_second_factor_adds_another_with_that(person):
    person.add_app()
    assert "mailbox_shown_at" not in person.browser.session
    assert person.browser.get("/second-factor/passkey").status_code == 200
    Authenticator.objects.all().delete()
    session = person.browser.session
    records = session["account_authentication_methods"]
    session["account_authentication_methods"] = [record for record in records if record["method"] == "password"]
    session.save()
    assert person.browser.get("/second-factor/passkey").status_code == 302  # and once it is gone, the mailbox is asked for


def test_codes_are_forgotten(intruder):
    intruder.browser.post(WHERE)
    clean(timezone.now() + timedelta(minutes=59))
    assert MailboxCode.objects.count() == 1
    clean(timezone.now() + timedelta(minutes=61))
    assert MailboxCode.objects.count() == 0
    assert mail.outbox == []
