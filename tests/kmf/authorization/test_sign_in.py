"""Sign-in with a password, on the auth origin only."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.utils import timezone

from config.settings import oauth
from kmf.authorization.models import Account, Grant, RateCount
from tests.kmf.authorization.oauth_client import OAuthClient, host, query_of

PASSWORD = "correct horse battery"


@pytest.fixture(scope="module")
def password_hash() -> str:
    return make_password(PASSWORD)


@pytest.fixture
def with_password(ada: Account, password_hash: str) -> Account:
    ada.password = password_hash
    ada.save()
    return ada


@pytest.fixture
def browser() -> Client:
    return Client(headers={"host": host(settings.ORIGINS.auth)})


def sign_in(browser, email="ada@weaver.example", password=PASSWORD, headers=None, **more):
    return browser.post("/sign-in", {"login": email, "password": password} | more, headers=headers)


def is_signed_in(browser):
    return browser.get("/").status_code == 200


@pytest.mark.parametrize("email", ["ada@weaver.example", "ADA@Weaver.example", " ada@weaver.example "])
def test_the_right_password_opens_a_session(browser, with_password, audited, email):
    assert not is_signed_in(browser)
    response = sign_in(browser, email)
    assert (response.status_code, response["Location"]) == (302, "/")
    assert is_signed_in(browser)
    [entry] = audited("account.signed_in")
    assert (entry["actor"], entry["chain"]) == ("ada@weaver.example", "organisation:weaver")
    assert entry["details"] == {"methods": ["pwd"], "acr": "company"}
    assert browser.cookies["sessionid"]["httponly"]
    assert browser.cookies["sessionid"]["samesite"] == "Lax"


def test_the_session_key_changes_at_sign_in(browser, with_password):
    browser.get("/sign-in?next=/")
    sign_in(browser)
    first = browser.cookies["sessionid"].value
    browser.post("/sign-out")
    assert not Session.objects.filter(session_key=first).exists()


def test_sign_in_goes_on_to_the_authorization_request(browser, with_password, clients, conference, participant):
    client = OAuthClient(browser, client_id="endpoint", scope=f"conference:{conference.id}")
    asked = client.authorize()
    page = browser.get(asked["Location"])
    assert "Use the account you were invited with" in page.content.decode()
    next_path = page.context["redirect_field_value"]
    response = sign_in(browser, next=next_path)
    assert response["Location"] == next_path
    answer = query_of(browser.get(response["Location"]))
    assert answer["state"] == client.state
    assert client.redeem(answer["code"]).status_code == 200
    assert Grant.objects.get().amr == ["pwd"]


@pytest.mark.parametrize(
    ("email", "password", "reason", "chain"),
    [
        pytest.param("ada@weaver.example", "wrong", "wrong password", "organisation:weaver", id="wrong password"),
        pytest.param("ada@weaver.example", PASSWORD + " ", "wrong password", "organisation:weaver", id="a space more"),
        pytest.param("eve@weaver.example", PASSWORD, "unknown account", "system", id="unknown account"),
    ],
)
def test_a_wrong_sign_in_shows_the_same_message_and_keeps_the_address(
    browser, with_password, audited, email, password, reason, chain
):
    response = sign_in(browser, email, password, next="/authorize?a=1")
    page = response.content.decode()
    assert response.status_code == 200
    assert 'id="password-error"' in page
    assert "do not belong together" in page
    assert f'value="{email}"' in page
    assert 'value="/authorize?a=1"' in page
    assert password not in page
    assert not is_signed_in(browser)
    [entry] = audited("account.sign_in_refused")
    assert (entry["details"]["reason"], entry["chain"]) == (reason, chain)
    assert (entry["actor"] == "unknown") == (reason == "unknown account")  # it may be a password in the wrong field


@pytest.mark.parametrize("form", [{}, {"login": "", "password": ""}, {"login": "no address", "password": "x"}])
def test_an_incomplete_form_shows_the_field_messages(browser, with_password, audited, form):
    page = browser.post("/sign-in", form).content.decode()
    assert 'aria-describedby="login-error"' in page
    assert audited("account.sign_in_refused") == []


def test_an_account_that_is_switched_off(browser, with_password, audited):
    with_password.is_active = False
    with_password.save()
    response = sign_in(browser)
    assert response["Location"] == "/inactive"
    assert "switched off" in browser.get("/inactive").content.decode()
    assert not is_signed_in(browser)
    assert audited("account.sign_in_refused")[0]["details"]["reason"] == "account is not active"


def wrong(browser, times, **more):
    return [sign_in(browser, password="wrong", **more).status_code for _ in range(times)]


def test_a_guesser_is_stopped_and_audited_once_a_window(browser, with_password, audited):
    assert wrong(browser, 5) == [200] * 5
    for _ in range(3):
        answer = sign_in(browser)  # even the right password
        assert answer.status_code == 429
        assert 240 < int(answer["Retry-After"]) <= 300
        assert "Too many wrong attempts" in answer.content.decode()
    assert not is_signed_in(browser)
    reasons = [entry["details"]["reason"] for entry in audited("account.sign_in_refused")]
    assert reasons == ["wrong password"] * 5 + ["too many attempts"]
    RateCount.objects.update(ends_at=timezone.now())
    assert sign_in(browser)["Location"] == "/"


def test_ones_mistakes_keep_nobody_else_out(browser, with_password, password_hash, settings):
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    bob = Account.objects.create_account(email="bob@weaver.example", name="Bob", organisation=with_password.organisation)
    Account.objects.filter(pk=bob.pk).update(password=password_hash)
    assert wrong(browser, 6, headers={"x-forwarded-for": "192.0.2.1"})[-1] == 429
    # another person behind the same address, and the same person at another one
    assert sign_in(Client(headers=browser_at("192.0.2.1")), bob.email)["Location"] == "/"
    assert sign_in(Client(headers=browser_at("192.0.2.2")))["Location"] == "/"


def known_at(address):
    """A browser in which Ada has signed in before, signed out by now."""
    known = Client(headers=browser_at(address))
    sign_in(known)
    known.post("/sign-out")
    assert not is_signed_in(known)
    return known


def test_guesses_of_others_behind_the_same_address_keep_a_known_browser_out_of_nothing(with_password, settings):
    """Neither those for its account nor those for many accounts."""
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    known, guesser = known_at("192.0.2.1"), Client(headers=browser_at("192.0.2.1"))
    assert wrong(guesser, 6)[-1] == 429
    flooded = [sign_in(guesser, f"nobody{number}@weaver.example", "wrong").status_code for number in range(60)]
    assert flooded[-1] == 429
    assert sign_in(guesser).status_code == 429  # a browser that nobody has signed in with waits
    assert sign_in(known)["Location"] == "/"


def test_a_session_confirms_its_password_whatever_others_behind_its_address_do(with_password, settings):
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    own, guesser = Client(headers=browser_at("192.0.2.1")), Client(headers=browser_at("192.0.2.1"))
    sign_in(own)
    assert wrong(guesser, 6)[-1] == 429
    assert own.post("/confirm", {"password": PASSWORD}).status_code == 302


def test_a_known_browser_has_no_more_attempts_than_another(with_password, settings):
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    known = known_at("192.0.2.1")
    assert wrong(known, 6) == [200] * 5 + [429]
    assert sign_in(known).status_code == 429
    assert not is_signed_in(known)


@pytest.mark.parametrize("cookie", ["", "forged", "another account's"])
def test_a_browser_that_is_not_known_by_this_account_is_counted_by_its_address(with_password, password_hash, settings, cookie):
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    bob = Account.objects.create_account(email="bob@weaver.example", name="Bob", organisation=with_password.organisation)
    Account.objects.filter(pk=bob.pk).update(password=password_hash)
    known = known_at("192.0.2.1")
    assert wrong(Client(headers=browser_at("192.0.2.1")), 6, email=bob.email)[-1] == 429
    if cookie != "another account's":
        known.cookies["known"] = cookie
    assert sign_in(known, bob.email).status_code == 429


def test_the_cookie_of_a_known_browser_names_nobody_and_opens_nothing(browser, with_password):
    sign_in(browser)
    morsel = browser.cookies["known"]
    assert (morsel["httponly"], morsel["samesite"]) == (True, "Lax")
    assert "ada" not in morsel.value
    other = Client(headers={"host": host(settings.ORIGINS.auth)})
    other.cookies["known"] = morsel.value
    assert not is_signed_in(other)


def test_one_customers_ipv6_addresses_are_one(with_password, settings):
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    statuses = [wrong(Client(headers=browser_at(f"2001:db8:1:2::{number:x}")), 1)[0] for number in range(1, 7)]
    assert statuses == [200] * 5 + [429]
    assert sign_in(Client(headers=browser_at("2001:db8:1:3::1")))["Location"] == "/"


def browser_at(address):
    return {"host": host(settings.ORIGINS.auth), "x-forwarded-for": address}


def test_what_goes_right_is_not_counted(browser, with_password):
    for _ in range(4):
        assert wrong(browser, 1) == [200]
        assert sign_in(Client(headers={"host": host(settings.ORIGINS.auth)})).status_code == 302
    assert wrong(browser, 2) == [200, 429]


def test_the_password_that_confirms_is_counted_too(browser, with_password):
    sign_in(browser)
    answers = [browser.post("/confirm", {"password": "wrong"}) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [429]
    assert "Retry-After" in answers[-1].headers


@pytest.fixture
def real_hasher(settings) -> None:
    """What guards the passwords of an installation, at its full price."""
    settings.PASSWORD_HASHERS = oauth.PASSWORD_HASHERS


def test_a_password_is_kept_by_a_hasher_that_costs_and_opens_a_session(real_hasher, browser, ada):
    ada.set_password(PASSWORD)
    ada.save()
    assert ada.password.startswith("scrypt$")
    assert PASSWORD not in ada.password
    assert sign_in(browser, password="wrong").status_code == 200
    assert not is_signed_in(browser)
    assert sign_in(browser)["Location"] == "/"
    assert is_signed_in(browser)


def test_another_hashers_word_opens_nothing(real_hasher, browser, with_password):
    assert with_password.password.startswith("md5$")
    assert sign_in(browser).status_code == 200
    assert not is_signed_in(browser)


@pytest.mark.django_db(transaction=True)
def test_guesses_at_once_are_counted_one_by_one(real_hasher, ada):
    ada.set_password(PASSWORD)
    ada.save()

    def guess(_number):
        try:
            return wrong(Client(headers={"host": host(settings.ORIGINS.auth)}), 1)[0]
        finally:
            connection.close()

    with ThreadPoolExecutor(12) as pool:
        assert sorted(pool.map(guess, range(12))) == [200] * 5 + [429] * 7


@pytest.mark.parametrize(
    "target",
    [
        "http://evil.localhost/",
        "//evil.localhost/",
        "/\\evil.localhost",
        "https:evil",
        "javascript:alert(1)",
        "http://core.localhost:8000/",
        "http://kmf.localhost:8000/",
        "authorize",
        "///evil.localhost",
        "/\t/evil.localhost",
    ],
)
def test_sign_in_leads_nowhere_else(browser, with_password, target):
    response = sign_in(browser, next=target)
    assert response["Location"] == "/"


@pytest.mark.parametrize(
    ("origin", "status"), [("http://auth.localhost:8000", 302), ("null", 403), ("http://core.localhost:9999", 403)]
)
def test_sign_in_needs_the_form_of_this_page(with_password, origin, status):
    browser = Client(enforce_csrf_checks=True, headers={"host": host(settings.ORIGINS.auth)})
    assert sign_in(browser).status_code == 403
    token = browser.get("/sign-in").context["csrf_token"]
    form = {"login": "ada@weaver.example", "password": PASSWORD, "csrfmiddlewaretoken": str(token)}
    assert browser.post("/sign-in", form, headers={"origin": origin}).status_code == status
    assert is_signed_in(browser) == (status == 302)


@pytest.mark.parametrize("origin", ["core", "kmf"])
def test_no_other_origin_has_a_sign_in_form(with_password, origin):
    browser = Client(headers={"host": host(getattr(settings.ORIGINS, origin))})
    assert sign_in(browser).status_code in {404, 405}
    assert "sessionid" not in browser.cookies


def test_a_session_carried_to_another_origin_opens_nothing(browser, with_password, settings):
    settings.ORIGIN_URLCONFS = settings.ORIGIN_URLCONFS | {host(settings.ORIGINS.core): "config.urls_auth"}
    sign_in(browser)
    thief = Client(headers={"host": host(settings.ORIGINS.core)})
    thief.cookies["sessionid"] = browser.cookies["sessionid"].value
    assert thief.get("/").status_code == 302
    assert is_signed_in(browser)


def test_sign_out_asks_and_ends(browser, with_password, audited):
    sign_in(browser)
    assert "ada@weaver.example" in browser.get("/sign-out").content.decode()
    assert is_signed_in(browser)  # a link alone signs nobody out
    assert browser.post("/sign-out")["Location"] == "/sign-in?signed_out=1"
    assert not is_signed_in(browser)
    assert "You are signed out" in browser.get("/sign-in?signed_out=1").content.decode()
    assert audited("account.signed_out")[0]["actor"] == "ada@weaver.example"


def test_ending_everything_everywhere(browser, with_password, endpoint_client, audited):
    answer = endpoint_client.tokens()
    lost = Client(headers={"host": host(settings.ORIGINS.auth)})
    for device in (lost, browser):
        sign_in(device)
    assert browser.post("/end-everywhere")["Location"] == "/?ended=1"
    assert is_signed_in(browser)
    assert not is_signed_in(lost)
    assert endpoint_client.refresh(answer["refresh_token"]).json() == {"error": "invalid_grant"}
    assert audited("authorization.revoked")[0]["details"]["reason"] == "ended everywhere by the account"


def test_a_session_ends_at_once_when_the_account_is_switched_off(browser, with_password):
    sign_in(browser)
    with_password.is_active = False
    with_password.save()
    assert not is_signed_in(browser)


def test_there_is_no_sign_up(browser, db):
    assert browser.get("/sign-up").status_code == 404
    page = browser.get("/sign-in").content.decode()
    assert "sign up" not in page.lower()


def test_the_page_is_bound_by_its_policy(browser, db):
    response = browser.get("/sign-in")
    policy = response["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert response["X-Frame-Options"] == "DENY"
    assert response["Referrer-Policy"] == "same-origin"
    assert "no-store" in response["Cache-Control"]
