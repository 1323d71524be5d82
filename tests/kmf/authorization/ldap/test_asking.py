"""Who a real directory says somebody is, and that nothing but his own password makes it say so."""

import socket
import time
from dataclasses import replace

import pytest

from config.embedded.ports import free_port
from kmf.authorization.company.description import BadProvider
from kmf.authorization.ldap.asking import escaped, find_out
from kmf.authorization.ldap.errors import DirectoryAway, WrongPassword
from tests.kmf.authorization.ldap.conftest import described
from tests.silent_server import silent_server
from tests.simulators.ldap_server import ODD, PASSWORD, SERVICE, SUFFIX

pytestmark = pytest.mark.requirement("AUTH-16")


@pytest.mark.parametrize("login", ["grace", "GRACE", " grace ", "Grace@Company.example"])
def test_a_person_is_found_by_name_or_address(staff, now, login):
    found = find_out(staff, login, PASSWORD, now=now)
    assert (found.email, found.name, found.signed_in_at) == ("grace@company.example", "Grace Hopper", now)
    assert len(found.subject) == len("00000000-0000-0000-0000-000000000000")
    assert found.groups == {f"cn=hosts,ou=groups,{SUFFIX}"}
    assert found.amr == ()


def test_a_name_is_no_filter(staff, now):
    assert find_out(staff, ODD, PASSWORD, now=now).email == "odd@company.example"


FILTERS = ["*", "g*", "*)(uid=grace", "grace)(|(uid=*", "grace)(objectClass=*)", "\\67race", "grace\\00", "(grace)", "grace>=a",
           "grace:dn:=x", "&", "uid=grace", "uid=grace,ou=people,dc=company,dc=example"]  # fmt: skip


@pytest.mark.parametrize("login", FILTERS)
def test_what_looks_like_a_filter_finds_nobody(staff, now, login):
    with pytest.raises(WrongPassword):
        find_out(staff, login, PASSWORD, now=now)


def test_every_sign_is_written_by_its_bytes():
    assert escaped("aZ9") == "aZ9"
    assert escaped("*()\\\0é") == "\\2a\\28\\29\\5c\\00\\c3\\a9"


NOBODY = {
    "another's password": ("grace", "wrong"),
    "no password": ("grace", ""),
    "a password that is a zero byte": ("grace", "\0"),
    "a password with a zero byte": ("grace", f"{PASSWORD}\0"),
    "a password without end": ("grace", "x" * 513),
    "nobody of this name": ("nobody", PASSWORD),
    "nobody, and no password": ("nobody", ""),
    "no name": ("", PASSWORD),
    "blanks for a name": ("   ", PASSWORD),
    "a name with a line break": ("grace\n", "wrong"),
    "a name with a zero byte": ("gra\0ce", PASSWORD),
    "a name without end": ("x" * 255, PASSWORD),
    "two of this name": ("twin", PASSWORD),
    "two of this address": ("twin@company.example", PASSWORD),
    "the service account": ("conclave", "of-the-service-account"),
    "somebody who is kept elsewhere": ("elsewhere", PASSWORD),
}


@pytest.mark.parametrize(("login", "password"), NOBODY.values(), ids=NOBODY.keys())
def test_whatever_is_wrong_is_one_and_the_same(staff, now, slapd, login, password):
    with pytest.raises(WrongPassword):
        find_out(staff, login, password, now=now)
    assert not slapd.led_somebody_on()


def test_the_server_itself_takes_a_bind_without_a_password_for_a_success(slapd):
    name, version, unauthenticated = SERVICE.encode(), b"\x02\x01\x03", b"\x80\x00"
    bind = version + b"\x04" + bytes([len(name)]) + name + unauthenticated
    request = b"\x02\x01\x01\x60" + bytes([len(bind)]) + bind
    with socket.create_connection(("127.0.0.1", slapd.port), timeout=10) as line:
        line.sendall(b"\x30" + bytes([len(request)]) + request)
        answer = line.recv(64)
    assert answer[5] == 0x61  # a bind response
    assert answer[9] == 0  # success


def away(directory, now):
    begun = time.monotonic()
    with pytest.raises(DirectoryAway):
        find_out(directory, "grace", PASSWORD, now=now)
    assert time.monotonic() - begun < 30


def test_a_server_that_is_away_lets_nobody_in(staff, now):
    away(replace(staff, port=free_port(0)), now)


@pytest.mark.parametrize("security", ["tls", "starttls", "none"])
def test_a_server_that_keeps_silent_is_given_up(staff, now, security):
    with silent_server() as port:
        away(replace(staff, port=port, security=security), now)


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_a_server_that_somebody_else_vouches_for_is_not_asked(staff, now, slapd, security):
    port = slapd.tls_port if security == "tls" else slapd.port
    away(replace(staff, security=security, port=port, authority=""), now)


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_a_certificate_of_another_name_is_none(staff, now, slapd, security):
    port = slapd.tls_port if security == "tls" else slapd.port
    away(replace(staff, security=security, port=port, host="127.0.0.1"), now)


def test_by_starttls_it_is_the_same(staff, now, slapd):
    asked = replace(staff, security="starttls", port=slapd.port)
    assert find_out(asked, "grace", PASSWORD, now=now) == find_out(staff, "grace", PASSWORD, now=now)
    with pytest.raises(WrongPassword):
        find_out(asked, "grace", "wrong", now=now)


def test_a_server_without_starttls_gets_no_password(staff, now, slapd):
    away(replace(staff, security="starttls", port=slapd.tls_port), now)


BROKEN = {
    "a service account that it does not take": {"bind_password": "wrong"},
    "a service account that there is not": {"bind_dn": f"cn=nobody,{SUFFIX}"},
    "a base that there is not": {"base": "ou=nowhere,dc=company,dc=example"},
    "a base of somebody else": {"base": "dc=else,dc=example"},
    "groups that there are not": {"group_base": "ou=nowhere,dc=company,dc=example"},
    "an attribute that nobody has": {"id_attribute": "employeeNumber"},
    "a filter that is none": {"login_filter": "(((uid={login}))"},
}


@pytest.mark.parametrize("changes", BROKEN.values(), ids=BROKEN.keys())
def test_what_is_set_wrongly_is_nobodys_wrong_password(staff, now, changes):
    away(replace(staff, **changes), now)


@pytest.mark.parametrize(
    "changes",
    [
        {"url": "http://ldap.company.example"},
        {"url": "ldap.company.example"},
        {"url": "ldaps://"},
        {"url": "ldaps://user@ldap.company.example"},
        {"url": "ldaps://ldap.company.example/dc=company?uid"},
        {"url": ...},
        {"name": "../x"},
        {"bind_dn": ""},
        {"bind_password": "in the file"},
        {"login_filter": "(uid=grace)"},
        {"login_filter": "uid={login}"},
        {"id_attribute": "entryUUID)(x"},
        {"roles": {"owner": ["x"]}},
        {"domains": "company.example"},
    ],
    ids=str,
)
def test_a_description_of_another_form_is_refused(changes):
    with pytest.raises(BadProvider) as caught:
        described(**changes)
    assert "company.example" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "where"),
    [
        ("ldaps://ldap.company.example", ("ldap.company.example", 636, "tls")),
        ("ldap://ldap.company.example", ("ldap.company.example", 389, "starttls")),
        ("ldap://localhost.evil.example:3389", ("localhost.evil.example", 3389, "starttls")),
        ("ldap://127.0.0.1:3389", ("127.0.0.1", 3389, "none")),
    ],
)
def test_no_password_goes_in_the_clear_but_on_this_machine(url, where):
    found = described(url=url)
    assert (found.host, found.port, found.security) == where


def test_the_password_of_the_service_account_is_in_no_repr(staff):
    assert "of-the-service-account" not in repr(staff)
