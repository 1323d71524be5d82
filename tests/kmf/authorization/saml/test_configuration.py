"""What ``[[saml]]`` may say."""

import pytest

from kmf.authorization.company.description import BadProvider
from kmf.authorization.saml.configuration import read_saml_provider
from tests.simulators.saml_provider import key_and_certificate

_KEY, CERTIFICATE = key_and_certificate()
TABLE = {
    "name": "works",
    "words": "your company account",
    "entity_id": "https://saml.company.example/metadata",
    "sign_in_url": "https://login.company.example/sso?tenant=1",
    "certificates": [CERTIFICATE],
    "organisation": "weaver",
    "domains": ["Company.example"],
    "roles": {"initiator": ["hosts"]},
    "second_factor": {"contexts": ["https://refeds.org/profile/mfa"]},
}


def read(**changes):
    return read_saml_provider({name: value for name, value in (TABLE | changes).items() if value is not ...})


def test_what_it_says_is_what_counts():
    found = read()
    assert (found.issuer, found.domains, found.sign_in_origin) == (
        "https://saml.company.example/metadata",
        {"company.example"},
        "https://login.company.example",
    )
    assert (found.email_attribute, found.groups_attribute, found.subject_attribute) == ("mail", "groups", "")


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "Works"},
        {"name": "../x"},
        {"words": ""},
        {"entity_id": ...},
        {"sign_in_url": ...},
        {"sign_in_url": "http://login.company.example/sso"},
        {"sign_in_url": "https:///sso"},
        {"sign_in_url": "https://login.company.example/sso#x"},
        {"certificates": []},
        {"certificates": ["no certificate"]},
        {"certificates": CERTIFICATE},
        {"roles": {"owner": ["x"]}},
        {"roles": ["x"]},
        {"second_factor": {"amr": ["mfa"]}},
        {"second_factor": {"contexts": "mfa"}},
        {"domains": "company.example"},
        {"email_attribute": 7},
        {"subject_attribute": ""},
        {"client_secret": "x"},
    ],
    ids=str,
)
def test_a_description_of_another_form_is_refused(changes):
    with pytest.raises(BadProvider) as caught:
        read(**changes)
    assert "company.example" not in str(caught.value)
