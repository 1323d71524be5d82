"""The two clients, an invited account with a browser that is signed in, and what the audit says."""

import json
from collections.abc import Callable

import pytest
from django.core.cache import cache
from django.core.management import call_command
from django.test import Client

from conferences.models import AuditEntry, Conference, Participant
from kmf.authorization.models import Account
from tests.kmf.authorization.oauth_client import OAuthClient


@pytest.fixture(autouse=True)
def empty_cache() -> None:
    cache.clear()


@pytest.fixture
def clients(db: None) -> None:
    call_command("authorization_clients", verbosity=0)


@pytest.fixture
def ada(organisation) -> Account:
    return Account.objects.create_account(
        email="Ada@Weaver.example", name="Ada Weaver", organisation=organisation, can_initiate=True
    )


@pytest.fixture
def participant(ada: Account, invite: Callable[[str], Participant]) -> Participant:
    return invite("ada")


@pytest.fixture
def signed_in(ada: Account) -> Client:
    client = Client()
    client.force_login(ada)
    return client


@pytest.fixture
def endpoint_client(clients: None, signed_in: Client, conference: Conference, participant: Participant) -> OAuthClient:
    return OAuthClient(signed_in, client_id="endpoint", scope=f"conference:{conference.id}")


@pytest.fixture
def core_client(clients: None, signed_in: Client) -> OAuthClient:
    return OAuthClient(signed_in, client_id="core", scope="core")


@pytest.fixture
def audited(db: None) -> Callable[..., list[dict]]:
    def of(event: str) -> list[dict]:
        entries = AuditEntry.objects.filter(event=event).order_by("pk")
        return [json.loads(entry.body) | {"chain": entry.chain} for entry in entries]

    return of
