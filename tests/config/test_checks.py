"""Compositions and origins that the sites refuse to serve, and settings that Django's own deployment checks find nothing in."""

import dataclasses
import os
import subprocess
import sys

import pytest
from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured

from config.checks import TAG, refuse_errors
from config.env import ROOT

COMPANY = {
    "core": "https://core.meet.company.example",
    "auth": "https://auth.meet.company.example",
    "kmf": "https://kmf.meet.company.example",
    "provider": "https://meet.outsider.example",
    "internal_trusted": "http://127.0.0.1:8000",
    "internal_provider": "https://meet.outsider.example",
}


@pytest.fixture
def found(settings):
    """Ids that the checks raise for the origins of a company, with changes."""

    def check(**changes: str) -> list[str]:
        settings.ORIGINS = dataclasses.replace(settings.ORIGINS, **(COMPANY | changes))
        settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
        return [message.id for message in run_checks(tags=[TAG])]

    return check


def test_development_and_a_company_with_an_outsider_are_fine(found):
    assert run_checks(tags=[TAG]) == []
    assert found() == []


@pytest.mark.parametrize("name", ["core", "auth", "kmf", "provider"])
def test_a_plain_origin_is_refused_beyond_localhost(found, name):
    plain = COMPANY[name].replace("https", "http")
    assert "config.E002" in found(**{name: plain})
    with pytest.raises(ImproperlyConfigured, match=r"config\.E002: http://.* is not HTTPS"):
        refuse_errors()


@pytest.mark.parametrize(
    "origin", ["http://127.0.0.1:8000", "http://localhost.evil.example", "http://core.local", "http://[::1]"]
)
def test_what_only_looks_like_localhost_is_refused_too(found, origin):
    assert "config.E002" in found(core=origin)


@pytest.mark.parametrize(
    ("provider", "same"),
    {
        "sibling": ("https://media.company.example", True),
        "the domain itself": ("https://company.example", True),
        "upper case and another port": ("https://Provider.COMPANY.example:8443", True),
        "with the root's dot": ("https://media.company.example.", True),
        "the same host": ("https://core.meet.company.example:9000", True),
        "another domain": ("https://company.test", False),
        "another that ends alike": ("https://othercompany.example", False),
    }.values(),
)
def test_a_provider_on_our_registrable_domain_is_refused(found, provider, same):
    assert ("config.E003" in found(provider=provider)) == same


@pytest.mark.parametrize(
    ("trusted", "provider", "same"),
    [
        ("a.co.uk", "b.co.uk", False),  # co.uk is a public suffix
        ("x.a.co.uk", "y.a.co.uk", True),
        ("a.github.io", "b.github.io", False),  # so is github.io, in the list's private part
        ("10.0.0.1", "10.0.0.2", False),  # addresses have no registrable domain
        ("10.0.0.1", "10.0.0.1:8443", True),
        ("intranet", "intranet", True),
    ],
)
def test_registrable_domains_follow_the_public_suffix_list(found, trusted, provider, same):
    trusted_origins = dict.fromkeys(("core", "auth", "kmf"), f"https://{trusted}")
    assert ("config.E003" in found(**trusted_origins, provider=f"https://{provider}")) == same


def test_a_back_channel_in_clear_is_named(found):
    assert found(internal_trusted="http://10.0.0.5:8000") == ["config.W001"]
    assert found(internal_trusted="http://[::1]:8000", internal_provider="http://provider.localhost:8100") == []


def test_secure_origins_without_a_known_proxy_are_named(found, settings):
    found()
    settings.SECURE_PROXY_SSL_HEADER = None
    assert [message.id for message in run_checks(tags=[TAG])] == ["config.W002"]
    settings.ENDS_TLS = True
    assert run_checks(tags=[TAG]) == []


LOCAL = {"CONCLAVE_TLS": "1"}
BEHIND_A_PROXY = {f"CONCLAVE_{name.upper()}_ORIGIN": COMPANY[name] for name in ("core", "auth", "kmf", "provider")} | {
    "CONCLAVE_TRUSTED_PROXIES": "1",
    "CONCLAVE_INTERNAL_PROVIDER": COMPANY["internal_provider"],
}


def python(*arguments: str, domain: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603  our own command
        [sys.executable, *arguments],
        cwd=ROOT,
        env=os.environ | {"DJANGO_SETTINGS_MODULE": f"config.settings.{domain}"} | environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("domain", ["trusted", "provider"])
@pytest.mark.parametrize("environment", [LOCAL, BEHIND_A_PROXY], ids=["tls", "proxy"])
def test_deployment_checks_find_nothing(domain, environment):
    done = python("manage.py", "check", "--deploy", "--fail-level", "INFO", domain=domain, environment=environment)
    assert done.returncode == 0, done.stderr
    assert "no issues" in done.stdout


@pytest.mark.parametrize("domain", ["trusted", "provider"])
def test_a_site_does_not_start_with_a_refused_origin(domain):
    plain = BEHIND_A_PROXY | {"CONCLAVE_KMF_ORIGIN": "http://kmf.meet.company.example"}
    done = python("-c", f"import config.asgi_{domain}", domain=domain, environment=plain)
    assert done.returncode == 1
    assert "config.E002: http://kmf.meet.company.example is not HTTPS" in done.stderr


def test_another_word_than_0_or_1_is_no_switch():
    done = python("manage.py", "check", domain="trusted", environment={"CONCLAVE_TLS": "yes"})
    assert done.returncode == 1
    assert "CONCLAVE_TLS is 0 or 1" in done.stderr
