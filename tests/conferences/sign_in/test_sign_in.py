"""Signing in at the core application, over a real socket to the real token endpoint."""

import dataclasses
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client

from conferences.sign_in.errors import Refused
from conferences.sign_in.views import identity_of
from kmf.authorization.models import AccessToken as GivenToken
from kmf.authorization.models import Grant
from protocol.access_token import AccessToken
from tests.conferences.sign_in.redirects import host, path_of


def answer(core, auth, next_path="/conferences/new"):
    """The authorization server's answer, as a path of the core application."""
    begun = core.get("/sign-in", {"next": next_path})
    return path_of(auth.get(path_of(begun)))


def identity(client):
    return client.session.get("identity")


def test_from_the_core_application_and_back(core, auth, ada, settings):
    begun = core.get("/sign-in?next=/conferences/new")
    query = parse_qs(urlsplit(begun["Location"]).query)
    assert begun["Location"].startswith(f"{settings.ORIGINS.auth}/authorize?")
    assert query["code_challenge_method"] == ["S256"]
    before = core.cookies["sessionid"].value
    finished = core.get(path_of(auth.get(path_of(begun))))
    assert (finished.status_code, finished["Location"]) == (302, "/conferences/new")
    assert identity(core) == {
        "subject": ada.pk,
        "email": "ada@weaver.example",
        "name": "Ada Weaver",
        "roles": ["initiator", "auditor"],
        "organisation": "weaver",
        "generation": 0,
    }
    assert core.cookies["sessionid"].value != before  # a fixed session is worth nothing
    assert "access_token" not in str(dict(core.session))


def test_nothing_secret_reaches_the_browser(core, auth):
    begun = core.get("/sign-in")
    waiting = core.session["sign_in_pending"][0]
    for name in ("verifier", "key"):
        assert waiting[name] not in begun["Location"]
        assert waiting[name] not in str(begun.headers)


@pytest.mark.parametrize(
    "target",
    ["http://evil.localhost/", "//evil.localhost", "/\\evil.localhost", "javascript:alert(1)", "conferences", ""],
)
def test_it_leads_to_local_paths_only(core, auth, target):
    assert core.get(answer(core, auth, target))["Location"] == "/"


def test_an_answer_is_taken_once(core, auth):
    path = answer(core, auth)
    assert core.get(path).status_code == 302
    assert core.get(path).status_code == 400
    assert identity(core) is not None


def test_an_answer_of_another_session_signs_nobody_in(core, auth, settings):
    path = answer(core, auth)
    victim = Client(headers={"host": host(settings.ORIGINS.core)})
    victim.get("/sign-in")
    assert victim.get(path).status_code == 400
    assert identity(victim) is None
    assert GivenToken.objects.count() == 0


@pytest.mark.parametrize(
    ("change", "status"),
    [
        pytest.param(lambda path: path.replace("iss=", "iss=x"), 403, id="another issuer"),
        pytest.param(lambda path: path.split("&iss=")[0], 403, id="no issuer"),
        pytest.param(lambda path: path.replace("code=", "code=x"), 403, id="another code"),
        pytest.param(lambda path: path.replace("code=", "kode="), 403, id="no code"),
        pytest.param(lambda path: path.replace("code=", "error=access_denied&kode="), 403, id="an error"),
        pytest.param(lambda path: path.replace("state=", "state=x"), 400, id="another state"),
        pytest.param(lambda path: path.replace("state=", "staat="), 400, id="no state"),
    ],
)
def test_a_changed_answer_signs_nobody_in(core, auth, change, status):
    response = core.get(change(answer(core, auth)))
    assert response.status_code == status
    assert "Sign in again" in response.content.decode()
    assert identity(core) is None
    assert GivenToken.objects.count() == 0


def test_a_code_intercepted_by_another_client_of_the_server_is_worth_nothing(core, auth):
    path = answer(core, auth)
    Grant.objects.update(dpop_jkt="A" * 43)
    assert core.get(path).status_code == 403
    assert identity(core) is None


def test_a_sign_in_ends_after_ten_minutes(core, auth):
    path = answer(core, auth)
    session = core.session
    session["sign_in_pending"][0]["at"] -= 601
    session.save()
    assert core.get(path).status_code == 400
    assert identity(core) is None


def test_several_tabs_may_sign_in_side_by_side(core, auth):
    paths = [answer(core, auth, f"/{number}") for number in range(3)]
    assert [core.get(path)["Location"] for path in paths] == ["/0", "/1", "/2"]


def test_the_authorization_server_away(core, auth, settings):
    path = answer(core, auth)
    settings.ORIGINS = dataclasses.replace(settings.ORIGINS, internal_trusted="http://127.0.0.1:1")
    response = core.get(path)
    assert response.status_code == 503
    assert identity(core) is None


def test_token3_is_no_sign_in():
    """The endpoint page's token for this origin has the same audience; it opens no session."""
    now = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
    token = AccessToken(
        issuer="http://auth.localhost:8000",
        audience="http://core.localhost:8000",
        subject="account",
        client_id="endpoint",
        jti="j" * 22,
        jkt="A" * 43,
        issued_at=now,
        expires_at=now,
        auth_time=now,
        amr=("pwd",),
        claims={"email": "ada@weaver.example", "name": "Ada", "roles": ["admin"], "organisation": "weaver"},
    )
    with pytest.raises(Refused, match="another client"):
        identity_of(token)


def aged(core, minutes):
    session = core.session
    session["identity_verified_at"] -= minutes * 60
    session.save()


@pytest.fixture
def fresh(settings):
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "conferences.sign_in.freshness.IdentityFreshness"]


def test_an_identity_is_renewed_without_a_page(core, auth, ada, fresh):
    core.get(answer(core, auth))
    assert core.get("/anything").status_code == 404
    aged(core, 6)
    renewal = core.get("/anything?a=1")
    assert renewal["Location"] == "/sign-in?next=%2Fanything%3Fa%3D1"
    ada.can_audit = False
    ada.save()
    begun = core.get(renewal["Location"])
    assert core.get(path_of(auth.get(path_of(begun))))["Location"] == "/anything?a=1"
    assert identity(core)["roles"] == ["initiator"]
    assert core.get("/anything").status_code == 404


def test_an_account_that_is_switched_off_is_out_here_too(core, auth, ada, fresh):
    core.get(answer(core, auth))
    ada.is_active = False
    ada.save()
    aged(core, 6)
    begun = core.get(core.get("/anything")["Location"])
    assert urlsplit(auth.get(path_of(begun))["Location"]).path == "/sign-in"


def test_a_form_is_taken_for_an_hour_and_then_no_more(core, auth, fresh):
    core.get(answer(core, auth))
    aged(core, 59)
    assert core.post("/anything").status_code == 404
    assert identity(core) is not None
    assert core.get("/anything", headers={"Sec-Fetch-Mode": "cors"}).status_code == 404
    aged(core, 2)
    core.post("/anything")
    assert identity(core) is None


def test_sign_out_ends_this_session_and_leads_to_the_other(core, auth, settings):
    core.get(answer(core, auth))
    key = core.cookies["sessionid"].value
    response = core.post("/sign-out")
    assert response["Location"] == f"{settings.ORIGINS.auth}/sign-out"
    assert identity(core) is None
    thief = Client(headers={"host": host(settings.ORIGINS.core)})
    thief.cookies["sessionid"] = key
    assert identity(thief) is None


def test_sign_out_is_a_post_of_this_page(core, auth, settings):
    assert core.get("/sign-out").status_code == 405
    strict = Client(enforce_csrf_checks=True, headers={"host": host(settings.ORIGINS.core)})
    assert strict.post("/sign-out").status_code == 403
