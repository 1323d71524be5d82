"""Client assertions: what is taken, and everything beside it that is not (RFC 7523 section 3)."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from protocol import base64url, jws
from protocol.client_assertion import make_assertion, named_key, verify_assertion
from protocol.errors import InvalidToken
from protocol.jwks import key_id

pytestmark = pytest.mark.requirement("AUTH-6")
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
AT = int(NOW.timestamp())
ISSUER, CLIENT = "https://auth.example", "A" * 22
KEY, OTHER = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
KID = key_id(KEY.public_key())


def signed(*, header=None, key=KEY, drop=(), raw=None, **changes):
    claims = {"iss": CLIENT, "sub": CLIENT, "aud": ISSUER, "iat": AT, "exp": AT + 60, "jti": "j" * 22} | changes
    claims = {name: value for name, value in claims.items() if name not in drop}
    head = {"alg": "ES256", "kid": KID, "typ": "client-authentication+jwt"} if header is None else header
    return jws.sign(json.dumps(head).encode(), raw or json.dumps(claims).encode(), key)


def verify(text, now=NOW):
    return verify_assertion(text, keys={KID: KEY.public_key()}, client_id=CLIENT, issuer=ISSUER, now=now)


def test_what_is_made_is_taken():
    made = make_assertion(KEY, client_id=CLIENT, issuer=ISSUER, now=NOW)
    found = verify(made)
    assert (found.client_id, found.kid, found.expires_at) == (CLIENT, KID, NOW + timedelta(seconds=60))
    assert named_key(made) == KID


@pytest.mark.parametrize("header", [{"alg": "ES256", "kid": KID}, {"alg": "ES256", "kid": KID, "typ": "JWT"}])
def test_what_libraries_make_is_taken(header):
    assert verify(signed(header=header, nbf=AT, jti="-_." + "~" * 20)).client_id == CLIENT


WRONG = {
    "another issuer": {"iss": "B" * 22},
    "another subject": {"sub": "B" * 22},
    "another audience": {"aud": "https://kmf.example/token"},
    "the audience in a list": {"aud": [ISSUER]},
    "two audiences": {"aud": [ISSUER, "https://else.example"]},
    "the audience with a slash more": {"aud": ISSUER + "/"},
    "no issuer": {"drop": ("iss",)},
    "no subject": {"drop": ("sub",)},
    "no audience": {"drop": ("aud",)},
    "no end": {"drop": ("exp",)},
    "no beginning": {"drop": ("iat",)},
    "no name": {"drop": ("jti",)},
    "a short name": {"jti": "short"},
    "a long name": {"jti": "j" * 129},
    "a name of other characters": {"jti": "j" * 20 + "\n"},
    "a name that is a number": {"jti": 12345678901234567890},
    "over": {"exp": AT},
    "over for an hour": {"iat": AT - 3660, "exp": AT - 3600},
    "good for too long": {"exp": AT + 61},
    "good for ever": {"exp": 253402300799},
    "from the future": {"iat": AT + 31, "exp": AT + 90},
    "not yet": {"nbf": AT + 31},
    "over before it began": {"iat": AT + 20, "exp": AT + 10},
    "its end as text": {"exp": str(AT + 60)},
    "its end with a fraction": {"exp": AT + 59.5},
    "more than it may say": {"scope": "everything"},
    "an access token's claims": {"client_id": CLIENT, "cnf": {"jkt": "x"}},
    "under another key": {"key": OTHER},
    "naming another key": {"header": {"alg": "ES256", "kid": key_id(OTHER.public_key())}},
    "naming no key": {"header": {"alg": "ES256"}},
    "an empty key name": {"header": {"alg": "ES256", "kid": ""}},
    "a key of its own in the header": {"header": {"alg": "ES256", "kid": KID, "jwk": {}}},
    "a critical extension": {"header": {"alg": "ES256", "kid": KID, "crit": ["x"]}},
    "a proof's type": {"header": {"alg": "ES256", "kid": KID, "typ": "dpop+jwt"}},
    "an access token's type": {"header": {"alg": "ES256", "kid": KID, "typ": "at+jwt"}},
    "the type in capitals": {"header": {"alg": "ES256", "kid": KID, "typ": "jwt"}},
    "no algorithm": {"header": {"alg": "none", "kid": KID}},
    "a secret's algorithm": {"header": {"alg": "HS256", "kid": KID}},
    "another curve's algorithm": {"header": {"alg": "ES384", "kid": KID}},
    "a member twice": {"raw": b'{"iss":"x","iss":"y"}'},
    "no object": {"raw": b"[]"},
}


@pytest.mark.parametrize("changes", WRONG.values(), ids=WRONG.keys())
def test_anything_else_is_refused(changes):
    assert verify(signed()).client_id == CLIENT
    with pytest.raises(InvalidToken):
        verify(signed(**changes))


@pytest.mark.parametrize("text", ["", ".", "..", "a.b.c", "x" * 9000, "\u00e9.\u00e9.\u00e9"])
def test_what_is_no_jws_is_refused(text):
    with pytest.raises(InvalidToken):
        named_key(text)


def test_a_signature_that_is_not_canonical_is_refused():
    head, claims, signature = signed().split(".")
    for wrong in (signature + "=", signature[:-1] + ("B" if signature[-1] == "A" else "A"), base64url.encode(bytes(64))):
        with pytest.raises(InvalidToken):
            verify(f"{head}.{claims}.{wrong}")
