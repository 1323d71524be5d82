"""What of an ID token counts."""

from datetime import UTC, datetime

import pytest

from kmf.authorization.company.claims import read_claims
from kmf.authorization.company.configuration import read_provider
from kmf.authorization.company.description import BadProvider
from kmf.authorization.company.errors import CompanyRefused

TABLE = {
    "name": "company",
    "words": "your company account",
    "issuer": "https://login.company.example",
    "client_id": "conclave",
    "organisation": "weaver",
    "domains": ["Company.example"],
    "roles": {"initiator": ["hosts"]},
    "second_factor": {"amr": ["hwk"], "acr": ["two-factors"]},
}
CLAIMS = {
    "iss": "https://login.company.example",
    "aud": "conclave",
    "sub": "0815",
    "nonce": "n",
    "auth_time": 1_790_000_000,
    "name": "Grace Hopper",
    "email": "Grace@Company.example",
    "email_verified": True,
    "groups": ["hosts", 7, "all"],
}


def provider(**changes):
    return read_provider({name: value for name, value in (TABLE | changes).items() if value is not ...}, lambda _name: "secret")


def read(**changes):
    return read_claims(provider(), {name: value for name, value in (CLAIMS | changes).items() if value is not ...}, nonce="n")


def test_who_it_is_and_when_he_signed_in():
    found = read()
    assert (found.subject, found.email, found.name) == ("0815", "grace@company.example", "Grace Hopper")
    assert found.groups == {"hosts", "all"}
    assert found.signed_in_at == datetime.fromtimestamp(1_790_000_000, tz=UTC)


@pytest.mark.requirement("AUTH-12")
@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://login.evil.example"},
        {"iss": "https://login.company.example/"},
        {"aud": "another"},
        {"aud": ["conclave", "another"]},
        {"aud": ...},
        {"nonce": "another"},
        {"nonce": ...},
        {"nonce": None},
        {"sub": ...},
        {"sub": ""},
        {"sub": 7},
        {"sub": "x" * 256},
        {"auth_time": ...},
        {"auth_time": "1790000000"},
        {"auth_time": True},
        {"auth_time": -1},
        {"sid": ""},
        {"sid": 7},
        {"sid": "x" * 256},
        {"sid": "\0"},
    ],
    ids=str,
)
def test_a_token_that_does_not_say_it_signs_nobody_in(changes):
    with pytest.raises(CompanyRefused):
        read(**changes)


def test_the_session_there_is_named_or_not():
    assert (read().sid, read(sid="session-1").sid) == ("", "session-1")


@pytest.mark.requirement("AUTH-12")
@pytest.mark.parametrize(
    "changes", [{"email": ...}, {"email_verified": False}, {"email_verified": "true"}, {"email": "a@b@c"}, {"email": 7}]
)
def test_an_address_that_is_not_vouched_for_is_none(changes):
    assert read(**changes).email == ""


@pytest.mark.requirement("AUTH-10")
@pytest.mark.parametrize(
    ("changes", "amr"),
    [
        ({}, ()),
        ({"amr": ["pwd"]}, ("pwd",)),
        ({"amr": ["pwd", "mfa"]}, ("pwd",)),  # the configuration does not allow this word
        ({"amr": ["pwd", "hwk"]}, ("pwd", "hwk", "mfa")),
        ({"acr": "two-factors"}, ("mfa",)),
        ({"acr": "0"}, ()),
        ({"acr": ["two-factors"]}, ()),
        ({"amr": "hwk"}, ()),
        ({"amr": ["<b>", "PWD", 7, "face"]}, ("face",)),
    ],
    ids=str,
)
def test_a_second_factor_counts_where_the_configuration_says_so(changes, amr):
    assert read(**changes).amr == amr


@pytest.mark.parametrize("groups", [..., None, "hosts", {"hosts": 1}, ["x"] * 2001])
def test_groups_of_another_form_are_none(groups):
    assert read(groups=groups).groups == frozenset()


@pytest.mark.parametrize(
    "changes",
    [
        {"issuer": "http://login.company.example"},
        {"issuer": ...},
        {"issuer": "ftp://x"},
        {"name": "Company"},
        {"name": "../x"},
        {"client_secret": "in the file"},
        {"roles": {"owner": ["x"]}},
        {"roles": ["x"]},
        {"domains": "company.example"},
        {"second_factor": ["mfa"]},
        {"second_factor": {"amr": "mfa"}},
        {"words": ""},
    ],
    ids=str,
)
def test_a_description_of_another_form_is_refused(changes):
    with pytest.raises(BadProvider) as caught:
        provider(**changes)
    assert "company.example" not in str(caught.value)


def test_the_secret_is_in_no_repr():
    assert "secret'" not in repr(provider())
    assert provider().authorization_origin == "https://login.company.example"
