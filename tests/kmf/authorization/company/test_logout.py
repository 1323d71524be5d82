"""Back-channel logout: whom the company's provider signs out is out here, with everything that hung on his session."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.utils import timezone

from conferences.models import Participant
from conferences.services.signed_in import is_ended
from kmf.authorization.authorize import SignIn, read_request
from kmf.authorization.authorize import grant as give
from kmf.authorization.cleaning import clean
from kmf.authorization.company.claims import CompanyClaims
from kmf.authorization.company.errors import CompanyRefused
from kmf.authorization.company.logout import log_out
from kmf.authorization.company.sessions import are_alive, end_session, note_session
from kmf.authorization.errors import RedirectRefused
from kmf.authorization.models import AccessToken, Account, CompanyLink, CompanySession, Grant, UsedProof
from kmf.models import Epoch
from kmf.services.due import settle_if_due
from protocol.sign_in import Strength
from roster.models import Membership
from tests.openid_provider.key_server import key_server
from tests.simulators.endpoint import EndpointSimulator

pytestmark = pytest.mark.requirement("AUTH-14")


def claims_of(sid="", subject="grace", at=None):
    return CompanyClaims(subject, "grace@company.example", "Grace", frozenset(), at or timezone.now(), (), sid)


def test_the_end_of_one_session_ends_what_was_opened_under_it_and_nothing_else(employee, company_keys, say_logout, audited):
    laptop, telephone, linus = employee(), employee(sid="session-2"), employee("linus", "session-3")
    answer = say_logout(company_keys.logout_token(sub="grace", sid="session-1"))
    assert (answer.status_code, answer.content, answer["Cache-Control"]) == (200, b"", "no-store")
    assert not laptop.is_signed_in()
    assert not laptop.can_refresh()
    assert [(one.is_signed_in(), one.can_refresh()) for one in (telephone, linus)] == [(True, True)] * 2
    [ended] = Grant.objects.exclude(revoked_at=None)
    assert (ended.company_session_id, ended.revoked_reason) == (laptop.company_session, "signed out at the company")
    assert AccessToken.objects.filter(grant=ended).count() == 0
    assert is_ended(laptop.account.pk, generation=0, session=laptop.company_session)  # at the core application
    assert not is_ended(telephone.account.pk, generation=0, session=telephone.company_session)
    [entry] = audited("account.signed_out_by_company")
    assert (entry["actor"], entry["chain"]) == ("company", "organisation:weaver")
    assert entry["details"] == {"account": "grace@company.example", "provider": "company", "what": "one session"}


@pytest.mark.parametrize("said", ["session alone", "session and person"])
def test_a_session_is_enough(employee, company_keys, say_logout, said):
    grace = employee()
    more = {"sub": "grace"} if said == "session and person" else {}
    assert say_logout(company_keys.logout_token(sid="session-1", **more)).status_code == 200
    assert not grace.is_signed_in()


def test_without_a_session_everything_of_the_person_ends(employee, company_keys, say_logout, audited):
    laptop, telephone, linus = employee(), employee(sid="session-2"), employee("linus", "session-3")
    assert say_logout(company_keys.logout_token(sub="grace")).status_code == 200
    are_in = [(one.is_signed_in(), one.can_refresh()) for one in (laptop, telephone, linus)]
    assert are_in == [(False, False), (False, False), (True, True)]
    assert [entry["details"]["what"] for entry in audited("account.signed_out_by_company")] == ["every session"]


def test_an_id_token_of_before_opens_nothing_any_more(employee, company, company_keys, say_logout):
    employee()
    before = timezone.now()
    say_logout(company_keys.logout_token(sub="grace"))
    with pytest.raises(CompanyRefused):
        note_session(company, claims_of("session-9", at=before - timedelta(seconds=1)), now=timezone.now())
    assert not CompanySession.objects.filter(sid="session-9").exists()
    assert note_session(company, claims_of("session-9", at=before + timedelta(seconds=5)), now=timezone.now())


def test_where_id_tokens_name_no_session_the_end_of_one_is_the_end_of_all(employee, company_keys, say_logout):
    grace = employee(sid="")
    assert grace.company_session == ""
    assert say_logout(company_keys.logout_token(sub="grace", sid="session-1")).status_code == 200
    assert not grace.is_signed_in()
    assert not grace.can_refresh()


def test_a_session_that_ends_before_its_sign_in_arrives_opens_nothing(employee, company, company_keys, say_logout):
    other = employee(sid="session-2")
    assert say_logout(company_keys.logout_token(sub="grace", sid="session-1")).status_code == 200
    assert other.is_signed_in()
    with pytest.raises(CompanyRefused):
        note_session(company, claims_of("session-1"), now=timezone.now())


@pytest.mark.parametrize("said", [{"sub": "stranger"}, {"sid": "unknown"}, {"sub": "stranger", "sid": "unknown"}], ids=str)
def test_whom_nobody_knows_is_signed_out_already(employee, company_keys, say_logout, said):
    grace = employee()
    assert say_logout(company_keys.logout_token(**said)).status_code == 200
    assert grace.is_signed_in()
    assert grace.can_refresh()


def test_a_session_of_somebody_else_is_not_ended_under_another_name(employee, company_keys, say_logout):
    grace, linus = employee(), employee("linus", "session-2")
    assert say_logout(company_keys.logout_token(sub="linus", sid="session-1")).status_code == 400
    assert grace.is_signed_in()
    assert linus.is_signed_in()


def test_another_providers_session_of_the_same_name_goes_on(employee, company_keys, say_logout, conference):
    grace = employee()
    CompanySession.objects.filter(pk=grace.company_session).update(issuer="https://login.other.example")
    assert say_logout(company_keys.logout_token(sid="session-1")).status_code == 200
    assert grace.is_signed_in()


def test_a_token_is_good_once(employee, company_keys, say_logout):
    employee()
    token = company_keys.logout_token(sub="grace")
    assert say_logout(token).status_code == 200
    again = employee(sid="session-2", at=timezone.now() + timedelta(seconds=5))
    assert say_logout(token).status_code == 400
    assert again.is_signed_in()
    assert again.can_refresh()


@pytest.mark.django_db(transaction=True)
def test_of_many_at_once_with_one_token_one_is_taken(employee, company_keys, say_logout):
    grace, token = employee(), company_keys.logout_token(sid="session-1")

    def post(_number):
        try:
            return say_logout(token).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        assert sorted(pool.map(post, range(6))) == [200] + [400] * 5
    assert not grace.is_signed_in()


def test_a_request_that_was_looked_at_before_gets_no_grant(employee, company, participant):
    grace = employee()
    Grant.objects.all().delete()
    now = timezone.now()
    asked = read_request(f"/authorize?{urlencode(grace.client.query(), doseq=True)}", now=now)
    end_session(company, "session-1", subject="grace", now=now)
    sign_in = SignIn(now, ("ext",), Strength.COMPANY, grace.company_session)
    with pytest.raises(RedirectRefused) as refused:
        give(asked, account=grace.account, sign_in=sign_in, now=now)
    assert "error=access_denied" in refused.value.url
    assert Grant.objects.count() == 0


@pytest.mark.parametrize("said", [{"sid": "session-1"}, {"sub": "grace"}], ids=["one session", "every session"])
def test_who_is_signed_out_is_out_of_the_conference_and_the_key_is_another(
    employee, company_keys, say_logout, conference, endpoint, now, said
):
    grace = employee()
    invited = {"identity": grace.account.email, "invited_at": now, "invited_by": ""}
    Participant.objects.create(organisation=conference.organisation, conference=conference, **invited)
    ended = EndpointSimulator(account=grace.account, conference_id=conference.id)
    ended.jkt = grace.client.jkt
    ended.ask(now)
    endpoint("bob").ask(now + timedelta(seconds=1))
    before = Epoch.objects.filter(conference=conference).count()
    say_logout(company_keys.logout_token(**said))
    settle_if_due(conference_id=conference.id, now=now + timedelta(seconds=2))
    present = Membership.objects.filter(conference=conference, left_at=None)
    assert [row.participant.identity for row in present] == ["bob@weaver.example"]
    assert Epoch.objects.filter(conference=conference).count() == before + 1


def test_no_cookie_and_no_other_method_counts(employee, company_keys):
    grace = employee()
    path = "/sign-in/with/company/logout"
    assert grace.browser.get(path).status_code == 405
    assert grace.browser.post(path).status_code == 400  # it is signed in, and says nothing
    token = company_keys.logout_token(sid="session-1")
    answer = grace.browser.post("/sign-in/with/other/logout", {"logout_token": token})
    assert answer.status_code == 404
    assert grace.is_signed_in()


def test_a_guesser_is_slowed_and_the_company_is_not(employee, company_keys, say_logout, audited):
    grace = employee()
    guesses = [say_logout(f"guess{number}") for number in range(62)]
    assert [answer.status_code for answer in guesses] == [400] * 60 + [429] * 2
    assert int(guesses[-1]["Retry-After"]) <= 60
    assert len(audited("company.logout_refused")) == 60
    assert grace.is_signed_in()
    assert say_logout(company_keys.logout_token(sid="session-1")).status_code == 200
    assert not grace.is_signed_in()


def test_keys_that_change_are_asked_for_but_not_by_every_stranger(company, employee):
    grace = employee()
    with key_server() as server:
        company = type(company)(**{**company.__dict__, "issuer": server.issuer})
        now = timezone.now()
        log_out(company, server.logout_token(sid="x"), now=now)
        asked = len(server.asked)
        log_out(company, server.logout_token(sid="y"), now=now + timedelta(seconds=60))
        assert len(server.asked) == asked
        old = server.keys["rsa"]
        server.rename("rsa", "rsa-2")
        for seconds in range(5):
            with pytest.raises(CompanyRefused):
                log_out(company, server.sign(server.claims(sid="z"), kid="x", key=old), now=now + timedelta(seconds=60 + seconds))
        assert len(server.asked) == asked + 2  # once: its configuration and its keys
        with pytest.raises(CompanyRefused):
            log_out(company, server.sign(server.claims(sid="z"), kid="rsa", key=old), now=now + timedelta(seconds=70))
        log_out(company, server.sign(server.claims(sid="z"), kid="rsa-2"), now=now + timedelta(seconds=70))
    log_out(
        company, server.sign(server.claims(sid="a"), kid="rsa-2"), now=now + timedelta(seconds=80)
    )  # it is away: keys are held
    assert grace.is_signed_in()


def test_a_provider_that_is_away_signs_nobody_out_and_may_come_again(employee, company, company_keys, say_logout, settings):
    grace = employee()
    with key_server() as gone:
        token = gone.logout_token(sid="session-1")
    settings.COMPANY_PROVIDERS = [type(company)(**{**company.__dict__, "issuer": gone.issuer})]
    for _ in range(2):
        answer = say_logout(token)
        assert (answer.status_code, answer["Retry-After"], answer["Cache-Control"]) == (503, "30", "no-store")
    assert grace.is_signed_in()
    assert UsedProof.objects.filter(jti=token).count() == 0


def test_a_configuration_of_another_issuer_is_none(company, db):
    with key_server() as server:
        server.claimed_issuer = "https://login.evil.example"
        company = type(company)(**{**company.__dict__, "issuer": server.issuer})
        with pytest.raises(CompanyRefused) as caught:
            log_out(company, server.logout_token(sid="x"), now=timezone.now())
    assert caught.value.code == "away"
    assert "/jwks" not in server.asked
    assert CompanySession.objects.count() == 0


def test_sessions_are_forgotten_and_what_was_opened_under_them_is_over(employee, company, company_keys, say_logout):
    grace, linus = employee(), employee("linus", "session-2")
    say_logout(company_keys.logout_token(sid="session-1"))
    clean(timezone.now() + timedelta(days=6))
    assert CompanySession.objects.count() == 2
    clean(timezone.now() + timedelta(days=8))
    assert CompanySession.objects.count() == 0
    assert not are_alive([linus.company_session])
    assert not is_ended(grace.account.pk, generation=0, session=grace.company_session)  # hours after the last such session
    assert not linus.is_signed_in()
    assert CompanyLink.objects.count() == Account.objects.filter(email__endswith="company.example").count() == 2
