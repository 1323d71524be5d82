"""A company whose provider signs people out, and people who signed in there."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from importlib import import_module
from urllib.parse import urlencode

import pytest
from allauth.account.internal.flows.login import record_authentication
from django.conf import settings as site
from django.test import Client, RequestFactory
from django.utils import timezone

from kmf.authorization.company.claims import CompanyClaims
from kmf.authorization.company.configuration import CompanyProvider, read_provider
from kmf.authorization.company.linking import account_for
from kmf.authorization.company.sessions import note_session
from tests.kmf.authorization.company.test_claims import TABLE
from tests.kmf.authorization.oauth_client import OAuthClient, host
from tests.openid_provider.key_server import KeyServer, key_server


@pytest.fixture(scope="session")
def company_keys() -> Iterator[KeyServer]:
    with key_server() as server:
        yield server


@pytest.fixture
def company(company_keys: KeyServer, organisation, settings) -> CompanyProvider:
    """The configured provider, and the address to which it says who signed out."""
    made = read_provider(TABLE | {"issuer": company_keys.issuer, "roles": {}}, lambda _name: "secret")
    urls = {host(site.ORIGINS.auth): import_module("tests.kmf.authorization.company.logout_urls").__name__}
    settings.COMPANY_PROVIDERS = [made]  # after that: with one the usual URLs want more apps
    settings.ORIGIN_URLCONFS = site.ORIGIN_URLCONFS | urls
    return made


class Employee:
    """Somebody at one browser, who signed in at the company."""

    def __init__(self, company: CompanyProvider, *, subject: str, sid: str, conference_id: str, at: datetime) -> None:
        claims = CompanyClaims(subject, f"{subject}@company.example", subject.title(), frozenset(), at, ("pwd",), sid)
        self.account = account_for(company, claims, now=at)
        self.company_session = note_session(company, claims, now=at)
        self.browser = Client(headers={"host": host(site.ORIGINS.auth)})
        self.browser.force_login(self.account)
        request = RequestFactory().get("/")
        request.session = self.browser.session
        record_authentication(request, self.account, "openid_connect", company_session=self.company_session)
        request.session.save()
        self.client = OAuthClient(self.browser, client_id="endpoint", scope=f"conference:{conference_id}")
        self.tokens = self.client.tokens()

    def is_signed_in(self) -> bool:
        return self.browser.get("/").status_code == 200

    def can_refresh(self) -> bool:
        answer = self.client.refresh(self.tokens["refresh_token"])
        if answer.status_code == 200:
            self.tokens = answer.json()
        return answer.status_code == 200


@pytest.fixture
def employee(company, clients, conference) -> Callable[..., Employee]:
    def come(subject: str = "grace", sid: str = "session-1", at: datetime | None = None) -> Employee:
        earlier = timezone.now() - timedelta(minutes=1)
        return Employee(company, subject=subject, sid=sid, conference_id=conference.id, at=at or earlier.astimezone(UTC))

    return come


@pytest.fixture
def say_logout(company, db) -> Callable[..., object]:
    """What the provider posts: a token, or another form."""

    def post(token: str | None = None, **form: object):
        content = {"logout_token": token} if token is not None else form
        strict = Client(enforce_csrf_checks=True, headers={"host": host(site.ORIGINS.auth)})
        kind = "application/x-www-form-urlencoded"
        return strict.post("/sign-in/with/company/logout", urlencode(content, doseq=True), content_type=kind)

    return post
