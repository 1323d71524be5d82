"""A real directory, as an instance is told of it."""

from collections.abc import Iterator
from importlib import import_module

import pytest
from django.conf import settings as site
from django.core.cache import cache

from kmf.authorization.ldap.configuration import LdapDirectory, read_directory
from tests.kmf.authorization.oauth_client import host
from tests.simulators.ldap_server import SERVICE, SERVICE_PASSWORD, SUFFIX, LdapServer, ldap_server

TABLE = {
    "name": "staff",
    "words": "your company password",
    "url": "ldaps://ldap.company.example",
    "organisation": "weaver",
    "bind_dn": SERVICE,
    "base": f"ou=people,{SUFFIX}",
    "group_base": f"ou=groups,{SUFFIX}",
    "domains": ["company.example", "weaver.example"],
    "roles": {"initiator": [f"CN=hosts, ou=Groups, {SUFFIX}"], "auditor": ["cn=auditors,ou=groups,dc=company,dc=example"]},
}


@pytest.fixture(scope="session")
def slapd() -> Iterator[LdapServer]:
    with ldap_server() as running:
        yield running


def described(**changes) -> LdapDirectory:
    members = {name: value for name, value in (TABLE | changes).items() if value is not ...}
    return read_directory(members, lambda _name: SERVICE_PASSWORD)


@pytest.fixture
def staff(slapd: LdapServer) -> LdapDirectory:
    return described(url=f"ldaps://localhost:{slapd.tls_port}", authority=str(slapd.authority))


@pytest.fixture
def offered(staff: LdapDirectory, organisation, settings) -> LdapDirectory:
    """The directory among the ways to sign in."""
    cache.clear()
    urls = import_module("tests.kmf.authorization.ldap.ldap_urls").__name__
    settings.ORIGIN_URLCONFS = site.ORIGIN_URLCONFS | {host(site.ORIGINS.auth): urls}
    settings.LDAP_DIRECTORIES = [staff]
    settings.SIGN_IN_METHODS = [*site.SIGN_IN_METHODS, import_module("kmf.authorization.methods.ldap").METHOD]
    return staff
