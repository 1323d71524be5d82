"""A KMF that shows its keys, the provider's HTTP client, and a real Janus."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings as site
from django.test import Client

from provider.services.kmf_keys import KMF_KEYS
from tests.provider.kmf_stand_in import KMF
from tests.provider.real_janus import RealJanus


@pytest.fixture
def kmf(settings: Any) -> Iterator[KMF]:
    made = KMF()
    settings.PROVIDER_KMF_INTERNAL = made.address
    KMF_KEYS.forget()
    yield made
    made.stop()
    KMF_KEYS.forget()


@pytest.fixture
def http() -> Client:
    return Client(headers={"Host": site.PROVIDER_ORIGIN.split("//")[1], "Origin": "null"})


@pytest.fixture(scope="session")
def janus_url() -> Iterator[str]:
    running = RealJanus("38000-38399")
    running.start()
    yield running.url
    running.stop()


@pytest.fixture
def janus(janus_url: str, settings: Any) -> str:
    settings.PROVIDER_JANUS_URL = janus_url
    return janus_url


@pytest.fixture
def two_janus(janus_url: str, settings: Any) -> Iterator[RealJanus]:
    """``janus`` is the session's, ``janus-2`` this one: it may be killed."""
    second = RealJanus("38400-38599")
    second.start()
    settings.PROVIDER_JANUS_URL = f"{janus_url} {second.url}"
    yield second
    second.stop()
