"""Ada, signed in at the authorization server, and the core application, over a real socket to the real token endpoint."""

import dataclasses

import pytest
from django.core.cache import cache
from django.core.management import call_command
from django.test import Client

from conferences.models import Organisation
from kmf.authorization.models import Account
from tests.conferences.sign_in.redirects import host


@pytest.fixture
def ada(transactional_db) -> Account:
    cache.clear()
    call_command("authorization_clients", verbosity=0)
    organisation = Organisation.objects.create(name="Weaver", slug="weaver")
    return Account.objects.create_account(
        email="ada@weaver.example", name="Ada Weaver", organisation=organisation, can_initiate=True, can_audit=True
    )


@pytest.fixture(autouse=True)
def internal_address(settings, live_server) -> None:
    """The core application reaches the token endpoint as it does in production: by its internal address."""
    settings.ORIGINS = dataclasses.replace(settings.ORIGINS, internal_trusted=live_server.url)


@pytest.fixture
def core(settings) -> Client:
    return Client(headers={"host": host(settings.ORIGINS.core)})


@pytest.fixture
def auth(settings, ada) -> Client:
    client = Client(headers={"host": host(settings.ORIGINS.auth)})
    client.force_login(ada)
    return client
