"""Attacker: whoever brings a SAML answer that nobody gave, not to this, not here or not now (requirement AUTH-15)."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.utils import timezone

from kmf.authorization.models import Account, CompanyLink, RateCount, SamlRequest, UsedProof
from tests.kmf.authorization.saml.forgeries import FORGERIES, Forgery
from tests.simulators.saml_provider import instant

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("AUTH-15")]


def check_nothing_came_of_it(response, reason, audited):
    """The one page for all of them; the exact reason for the audit alone; nobody, nothing kept, nobody signed in."""
    assert response.status_code == 403
    assert "You are not signed in" in response.content.decode()
    assert reason not in response.content.decode()
    refused = [entry["details"] for entry in audited("account.sign_in_refused")]
    assert refused == [{"provider": "works", "reason": reason}]
    assert not Account.objects.exists()
    assert not CompanyLink.objects.exists()
    assert [(row.answer, row.answer_hash) for row in SamlRequest.objects.all()] == [(None, "")]  # still waits for its answer
    assert audited("account.signed_in") == []


@pytest.mark.parametrize("forgery", FORGERIES, ids=[forgery.name for forgery in FORGERIES])
def test_it_opens_nothing_and_the_honest_answer_is_still_taken(tab, company, audited, forgery: Forgery):
    asked = tab.begin()
    response = tab.bring(asked, forgery.make(company, asked, timezone.now()))
    check_nothing_came_of_it(response, forgery.reason, audited)
    assert not UsedProof.objects.exists()
    assert not tab.is_signed_in
    tab.come_back(asked, company.answer(asked, now=timezone.now()))
    assert tab.is_signed_in


def test_an_answer_is_taken_once(tab, company, audited):
    asked = tab.begin()
    answer = company.answer(asked, now=timezone.now())
    first = tab.bring(asked, answer)
    assert first.status_code == 303
    assert tab.bring(asked, answer).status_code == 403
    tab.client.get(first["Location"])
    assert tab.bring(asked, answer).status_code == 403
    reasons = [entry["details"]["reason"] for entry in audited("account.sign_in_refused")]
    assert reasons == ["request was answered before", "answer to nothing that was asked"]
    assert len(audited("account.signed_in")) == 1


@pytest.mark.django_db(transaction=True)
def test_of_answers_that_come_at_once_one_is_taken(tab, company, audited):
    asked = tab.begin()
    answers = [company.answer(asked, now=timezone.now()) for _ in range(6)]

    def bring(answer):
        try:
            return tab.bring(asked, answer).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(len(answers)) as pool:
        assert sorted(pool.map(bring, answers)) == [303, 403, 403, 403, 403, 403]
    assert {entry["details"]["reason"] for entry in audited("account.sign_in_refused")} == {"request was answered before"}
    assert UsedProof.objects.count() == 1


def test_an_assertion_is_good_once_though_it_were_said_to_two_requests(tab, company, audited):
    first, second = tab.begin(), tab.begin()
    tab.come_back(first, company.answer(first, now=timezone.now(), id="_same"))
    tab.client.post("/sign-out")
    response = tab.bring(second, company.answer(second, now=timezone.now(), id="_same"))
    assert response.status_code == 403
    assert audited("account.sign_in_refused")[-1]["details"]["reason"] == "assertion was used before"
    assert SamlRequest.objects.get().answer_hash == ""
    assert not tab.is_signed_in


def test_another_browser_gets_nothing_and_the_one_that_asked_gets_in(tab, other_tab, company, audited):
    """A link to somebody else's answer would sign its reader in as that one: he would speak under a foreign name."""
    asked = tab.begin()
    other_tab.begin()  # he has a ticket, too
    way_back = tab.bring(asked, company.answer(asked, now=timezone.now()))["Location"]
    response = other_tab.client.get(way_back)
    assert response.status_code == 403
    assert [entry["details"]["reason"] for entry in audited("account.sign_in_refused")] == ["another browser asked"]
    assert not Account.objects.exists()
    assert not other_tab.is_signed_in
    tab.client.get(way_back)
    assert tab.is_signed_in
    assert other_tab.client.get(way_back).status_code == 403
    assert not other_tab.is_signed_in


def test_a_browser_without_a_session_gets_nothing(tab, other_tab, company, audited):
    asked = tab.begin()
    way_back = tab.bring(asked, company.answer(asked, now=timezone.now()))["Location"]
    assert other_tab.client.get(way_back).status_code == 403
    assert [entry["details"]["reason"] for entry in audited("account.sign_in_refused")] == ["another browser asked"]
    assert not Account.objects.exists()


@pytest.mark.parametrize("state", ["", "A" * 43, "x" * 5000], ids=["no state", "another state", "a state without end"])
def test_without_our_handle_nothing_is_read(tab, company, audited, state):
    asked = tab.begin()
    response = tab.bring(asked, company.answer(asked, now=timezone.now()), RelayState=state)
    check_nothing_came_of_it(response, "answer to nothing that was asked", audited)


@pytest.mark.parametrize("text", ["", "%%%", "A" * 60_000 + "!"], ids=["nothing", "no letters", "a lot, and no base64"])
def test_what_is_no_answer_at_all_is_refused(tab, audited, text):
    asked = tab.begin()
    response = tab.bring(asked, "", SAMLResponse=text)
    check_nothing_came_of_it(response, "answer is no base64" if text else "answer is no XML", audited)


def test_more_than_a_form_may_carry_is_not_read(tab, audited):
    asked = tab.begin()
    assert tab.bring(asked, "", SAMLResponse="A" * 70_000).status_code in {400, 413}
    assert SamlRequest.objects.get().answer_hash == ""
    assert audited("account.signed_in") == []


def test_an_answer_that_comes_late_is_refused(tab, company, audited):
    asked = tab.begin()
    SamlRequest.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    response = tab.bring(asked, company.answer(asked, now=timezone.now()))
    check_nothing_came_of_it(response, "request is over", audited)


def test_who_comes_back_late_is_refused(tab, company, audited):
    asked = tab.begin()
    way_back = tab.bring(asked, company.answer(asked, now=timezone.now()))["Location"]
    SamlRequest.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert tab.client.get(way_back).status_code == 403
    assert [entry["details"]["reason"] for entry in audited("account.sign_in_refused")] == ["request is over"]
    assert not Account.objects.exists()


def test_a_provider_that_does_not_ask_again_confirms_nothing(tab, company, audited):
    asked = tab.begin(fresh="1")
    old = instant(timezone.now() - timedelta(minutes=5))
    response = tab.bring(asked, company.answer(asked, now=timezone.now(), signed_in=old))
    check_nothing_came_of_it(response, "provider did not ask the person again", audited)


def test_another_providers_handle_is_none(tab, company, provider, settings, audited):
    """Two providers know us by two names: an answer to one counts nowhere else."""
    settings.SAML_PROVIDERS = [provider, type(provider)(**{**vars(provider), "name": "other", "issuer": "https://else.example"})]
    asked = tab.begin()
    form = {"SAMLResponse": "", "RelayState": asked.relay_state}
    response = tab.client.post("/sign-in/saml/other/answer", form)
    assert response.status_code == 403
    [entry] = audited("account.sign_in_refused")
    assert entry["details"] == {"provider": "other", "reason": "answer to nothing that was asked"}
    assert SamlRequest.objects.get().answer_hash == ""


def test_who_sends_nonsense_is_heard_sixty_times_a_minute(tab, audited):
    asked = tab.begin()
    for _ in range(60):
        assert tab.bring(asked, "").status_code == 403
    response = tab.bring(asked, "")
    assert response.status_code == 429
    assert 0 < int(response["Retry-After"]) <= 60
    assert len(audited("account.sign_in_refused")) == 61  # and once that it was too many
    assert RateCount.objects.exists()


def test_the_form_that_begins_is_ours_alone(tab):
    tab.client.handler.enforce_csrf_checks = True
    sessions = Session.objects.count()
    assert tab.client.post("/sign-in/saml/works").status_code == 403
    assert not SamlRequest.objects.exists()
    assert Session.objects.count() == sessions
