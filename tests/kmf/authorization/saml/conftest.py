"""A company whose provider is trusted here, and a browser that has been sent to it."""

from collections.abc import Callable

import pytest
from django.conf import settings as site
from django.test import Client
from django.utils import timezone

from kmf.authorization.methods.chosen import DEFAULT, find_methods
from kmf.authorization.saml.configuration import SamlProvider, read_saml_provider
from tests.kmf.authorization.oauth_client import host
from tests.simulators.saml_provider import (
    ISSUER,
    TWO_FACTORS,
    AuthnRequest,
    SamlProviderSimulator,
    encoded,
    key_and_certificate,
    read_request,
)


@pytest.fixture(scope="session")
def company() -> SamlProviderSimulator:
    return SamlProviderSimulator(*key_and_certificate())


@pytest.fixture
def provider(company: SamlProviderSimulator, settings, organisation) -> SamlProvider:
    table = {
        "name": "works",
        "words": "your company account",
        "entity_id": ISSUER,
        "sign_in_url": "https://saml.company.example/sso",
        "certificates": [company.certificate],
        "organisation": "weaver",
        "domains": ["company.example"],
        "roles": {"initiator": ["hosts"]},
        "second_factor": {"contexts": [TWO_FACTORS]},
    }
    described = read_saml_provider(table)
    settings.SIGN_IN_METHODS = find_methods([*DEFAULT, "saml"])
    settings.SAML_PROVIDERS = [described]
    return described


class Browser:
    """One browser at the auth origin, between it and the provider."""

    def __init__(self) -> None:
        self.client = Client(headers={"host": host(site.ORIGINS.auth)})

    def begin(self, **form: str) -> AuthnRequest:
        """Press the button; what the provider is asked then."""
        response = self.client.post("/sign-in/saml/works", form)
        assert response.status_code == 302
        return read_request(response["Location"])

    def bring(self, asked: AuthnRequest, answer: str, **changes: str):
        """Post the provider's form, which carries no cookie of ours: the answer of our server to it."""
        stranger = Client(headers={"host": host(site.ORIGINS.auth)})
        form = {"SAMLResponse": encoded(answer), "RelayState": asked.relay_state} | changes
        response = stranger.post("/sign-in/saml/works/answer", form)
        assert not response.cookies
        return response

    def come_back(self, asked: AuthnRequest, answer: str):
        """The whole way back: the form, and where it leads."""
        response = self.bring(asked, answer)
        return self.client.get(response["Location"]) if response.status_code == 303 else response

    @property
    def is_signed_in(self) -> bool:
        return self.client.get("/").status_code == 200


@pytest.fixture
def tab(provider) -> Browser:
    return Browser()


@pytest.fixture
def other_tab(provider) -> Browser:
    return Browser()


@pytest.fixture
def come(company: SamlProviderSimulator, tab: Browser) -> Callable:
    """Sign in: what the person sees at the end."""

    def go(form=None, **changes):
        asked = tab.begin(**(form or {}))
        return tab.come_back(asked, company.answer(asked, now=timezone.now(), **changes))

    return go
