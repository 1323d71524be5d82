"""Who ends everything at the authorization server is out of the core application with the next request, in every browser."""

from datetime import datetime

import pytest
from allauth.account.internal.flows.login import record_authentication
from django.conf import settings
from django.test import Client, RequestFactory
from django.utils import timezone

from conferences.services.signed_in import end_sign_ins, is_ended
from kmf.authorization.company.claims import CompanyClaims
from kmf.authorization.company.configuration import CompanyProvider
from kmf.authorization.company.sessions import end_session, note_session
from kmf.authorization.grants import end_everywhere
from kmf.authorization.models import CompanyLink
from tests.conferences.sign_in.redirects import host, path_of

pytestmark = pytest.mark.requirement("AUTH-5")


@pytest.fixture
def now() -> datetime:
    return timezone.now()


@pytest.fixture
def signed_in(core, auth) -> Client:
    core.get(path_of(auth.get(path_of(core.get("/sign-in")))))
    assert core.get("/").status_code == 200
    return core


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_session_is_over_at_once(signed_in, ada, now, method):
    end_everywhere(ada, now=now)
    answer = signed_in.get("/") if method == "get" else signed_in.post("/conferences/new", {"title": "x"})
    assert answer.status_code == 302
    assert answer["Location"].startswith("/sign-in?next=")
    assert "identity" not in signed_in.session


def test_a_sign_in_after_it_holds(signed_in, ada, now):
    end_everywhere(ada, now=now)
    again = Client(headers={"host": host(settings.ORIGINS.auth)})
    ada.refresh_from_db()
    again.force_login(ada)
    signed_in.get(path_of(again.get(path_of(signed_in.get("/sign-in")))))
    assert signed_in.get("/").status_code == 200


def test_the_end_of_one_account_is_nobody_elses(signed_in, ada, now, django_user_model):
    ben = django_user_model.objects.create_account(email="ben2@weaver.example", name="Ben", organisation=ada.organisation)
    end_everywhere(ben, now=now)
    assert signed_in.get("/").status_code == 200


@pytest.mark.django_db
def test_an_end_is_never_taken_back():
    end_sign_ins("ada", before=3)
    end_sign_ins("ada", before=2)
    assert is_ended("ada", generation=2)
    assert not is_ended("ada", generation=3)
    assert not is_ended("ben", generation=0)


@pytest.mark.requirement("AUTH-14")
def test_the_end_of_a_session_at_the_company_ends_what_was_opened_under_it_alone(core, auth, ada, now):
    provider = CompanyProvider("company", "your account", "https://login.company.example", "conclave", "s", "weaver")
    CompanyLink.objects.create(issuer=provider.issuer, subject="ada", account=ada, created_at=now)
    claims = CompanyClaims("ada", ada.email, ada.name, frozenset(), now, (), "session-1")
    request = RequestFactory().get("/")
    request.session = auth.session
    record_authentication(request, ada, "openid_connect", company_session=note_session(provider, claims, now=now))
    request.session.save()
    other_auth, other_core = (Client(headers={"host": host(origin)}) for origin in (settings.ORIGINS.auth, settings.ORIGINS.core))
    other_auth.force_login(ada)
    for one, where in ((core, auth), (other_core, other_auth)):
        one.get(path_of(where.get(path_of(one.get("/sign-in")))))
        assert one.get("/").status_code == 200
    end_session(provider, "session-1", subject="ada", now=now)
    assert core.get("/")["Location"].startswith("/sign-in?next=")
    assert "identity" not in core.session
    assert auth.get(path_of(core.get("/sign-in")))["Location"].startswith("/sign-in?next=")  # no silent way back
    assert other_core.get("/").status_code == 200
