"""The key request's body and the header that answers it."""

import json

import pytest

from protocol import base64url
from protocol.errors import Malformed
from protocol.key_request import format_encryption_key, parse_key_request

SHORT = base64url.encode(bytes(32))
GOOD = {
    "conference": "C" * 22,
    "agreement": {"alg": "X25519", "key": base64url.encode(bytes(32))},
    "identity": base64url.encode(b"\x01" * 32),
}


def test_a_good_body_is_parsed():
    request = parse_key_request(json.dumps(GOOD).encode())
    assert (request.conference_id, request.algorithm, len(request.agreement_key)) == ("C" * 22, "X25519", 32)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"[]", id="a list"),
        pytest.param(json.dumps({**GOOD, "more": 1}).encode(), id="a member too many"),
        pytest.param(json.dumps({**GOOD, "conference": 3}).encode(), id="a number for a conference"),
        pytest.param(json.dumps({**GOOD, "conference": "short"}).encode(), id="a short conference"),
        pytest.param(json.dumps({**GOOD, "agreement": "x"}).encode(), id="no agreement object"),
        pytest.param(json.dumps({**GOOD, "agreement": {"alg": "RSA", "key": "AA"}}).encode(), id="unknown algorithm"),
        pytest.param(json.dumps({**GOOD, "agreement": {"alg": ["X25519"], "key": "AA"}}).encode(), id="a list of algorithms"),
        pytest.param(json.dumps({**GOOD, "agreement": {"alg": "P-256", "key": SHORT}}).encode(), id="a short P-256 key"),
        pytest.param(json.dumps({**GOOD, "identity": GOOD["identity"] + "="}).encode(), id="padded key"),
        pytest.param(b'{"conference":"' + b"C" * 22 + b'","conference":"x"}', id="a member twice"),
        pytest.param(b" " * 70_000, id="too large"),
    ],
)  # fmt: skip
def test_a_bad_body_is_malformed(body):
    with pytest.raises(Malformed):
        parse_key_request(body)


def test_the_header_has_the_form_of_the_draft():
    header = format_encryption_key(key_id="K" * 22, dh=bytes(32), wrapped=bytes(40), spi=7, ttl_s=600)
    assert header.startswith(f'keyid="{"K" * 22}"; dh="')
    assert header.endswith('usage="EKT"; spi=7; ttl=600')
