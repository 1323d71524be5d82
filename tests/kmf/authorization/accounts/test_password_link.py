"""Links by which people write their passwords: good once, for a day, until there is a later one, for their account alone."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.utils import timezone

from kmf.authorization.accounts.password_link import checksum, set_password, show_link
from kmf.authorization.accounts.switching import Side, switch_off, switch_on
from kmf.authorization.cleaning import clean
from kmf.authorization.errors import AccountRefused
from kmf.authorization.models import AccessToken, Account, PasswordLink
from tests.kmf.authorization.accounts.conftest import PASSWORD
from tests.kmf.authorization.oauth_client import host

pytestmark = pytest.mark.requirement("AUTH-17")


@pytest.fixture
def link(ada):
    return show_link(ada, by="operator", now=timezone.now()).removeprefix(settings.ORIGINS.auth)


def is_password_of(ada, password):
    ada.refresh_from_db()
    return ada.check_password(password)


def test_looking_at_it_uses_nothing_up_and_takes_it_out_of_the_address(browser, link, ada):
    for _ in range(2):
        answer = browser.get(link)
        assert (answer.status_code, answer["Location"]) == (302, "/set-password")
    page = browser.get("/set-password")
    assert (page.status_code, page["Cache-Control"].partition(",")[0]) == (200, "max-age=0")
    assert ada.email in page.content.decode()
    secret = link.partition("=")[2]
    assert secret not in page.content.decode()
    assert not any(secret in str(session.get_decoded()) for session in Session.objects.all())


def test_it_is_good_once_in_one_browser_or_in_another(browser, link, ada, audited):
    other = Client(headers={"host": host(settings.ORIGINS.auth)})
    for one in (browser, other):
        one.get(link)
    assert browser.post("/set-password", {"password": PASSWORD}).status_code == 302
    assert other.post("/set-password", {"password": "another one of words"}).status_code == 410
    assert browser.post("/set-password", {"password": "another one of words"}).status_code == 410
    assert browser.get(link).status_code == 410
    assert is_password_of(ada, PASSWORD)
    assert len(audited("account.password_set")) == 1


@pytest.mark.parametrize("over", ["expired", "replaced", "another", "none", "switched off", "cleaned"])
def test_one_that_is_over_opens_nothing(browser, link, ada, audited, over):
    browser.get(link)
    if over == "expired":
        PasswordLink.objects.update(expires_at=timezone.now())
    elif over == "replaced":
        show_link(ada, by="operator", now=timezone.now())
    elif over == "cleaned":
        clean(timezone.now() + timedelta(days=8))
    elif over == "switched off":
        Account.objects.update(is_active=False)
    else:
        link = {"another": "/set-password?link=" + "A" * 43, "none": "/set-password?link="}[over]
        browser.cookies.clear()
    assert browser.get(link).status_code == 410
    assert browser.post("/set-password", {"password": PASSWORD}).status_code == 410
    ada.refresh_from_db()
    assert not ada.has_usable_password()
    assert audited("account.password_set") == []
    assert {entry["details"]["reason"] for entry in audited("account.sign_in_refused")} == {"link_over"}


def test_a_link_of_before_a_switching_off_is_over_after_the_switching_on(browser, link, ada):
    for switch in (switch_off, switch_on):
        switch(ada, side=Side.OPERATOR, by="operator", now=timezone.now())
    assert browser.get(link).status_code == 410
    assert PasswordLink.objects.count() == 0


WEAK = {"short": "elevenchars", "common": "password1234", "his own address": "ada@weaver.example", "empty": "", "long": "x" * 201}


@pytest.mark.parametrize("password", WEAK.values(), ids=WEAK.keys())
def test_a_weak_password_is_refused_with_words_and_the_link_stays_good(browser, link, ada, password):
    browser.get(link)
    answer = browser.post("/set-password", {"password": password})
    assert answer.status_code == 422
    assert 'id="password-error"' in answer.content.decode()
    ada.refresh_from_db()
    assert not ada.has_usable_password()
    assert browser.post("/set-password", {"password": PASSWORD}).status_code == 302
    assert is_password_of(ada, PASSWORD)


def test_another_password_ends_what_was_open_under_the_one_before(browser, link, ada, endpoint_client):
    given = endpoint_client.tokens()
    browser.get(link)
    browser.post("/set-password", {"password": PASSWORD})
    assert AccessToken.objects.count() == 0
    assert endpoint_client.refresh(given["refresh_token"]).json() == {"error": "invalid_grant"}
    assert endpoint_client.browser.get("/", headers={"host": host(settings.ORIGINS.auth)}).status_code == 302


def test_somebody_who_tries_links_is_slowed(browser, link, ada):
    answers = [browser.get(f"/set-password?link={number}") for number in range(61)]
    assert [answer.status_code for answer in answers] == [410] * 60 + [429]
    assert 0 < int(answers[-1]["Retry-After"]) <= 60
    assert browser.get(link).status_code == 302  # a good one is not counted


def test_a_form_of_another_page_sets_nothing(link, ada):
    strict = Client(enforce_csrf_checks=True, headers={"host": host(settings.ORIGINS.auth)})
    strict.get(link)
    assert strict.post("/set-password", {"password": PASSWORD}, headers={"origin": settings.ORIGINS.core}).status_code == 403
    ada.refresh_from_db()
    assert not ada.has_usable_password()


@pytest.mark.django_db(transaction=True)
def test_of_twenty_at_once_one_writes_it(link, ada, audited):
    kept = checksum(link.partition("=")[2])

    def write(number):
        try:
            set_password(kept, password=f"{PASSWORD} {number}", now=timezone.now())
        except AccountRefused as refusal:
            return refusal.code
        finally:
            connection.close()
        return "written"

    with ThreadPoolExecutor(10) as pool:
        said = list(pool.map(write, range(20)))
    assert sorted(said) == ["link_over"] * 19 + ["written"]
    assert is_password_of(ada, f"{PASSWORD} {said.index('written')}")
    assert len(audited("account.password_set")) == 1
