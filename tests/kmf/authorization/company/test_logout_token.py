"""Logout tokens that are wrong in one thing each: none of them ends anything, and all get the same answer."""

import time

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from django.utils import timezone

from kmf.authorization.company.logout_token import read_logout_token
from kmf.authorization.models import AccessToken, CompanyLink, CompanySession, Grant, RefreshToken
from protocol import base64url
from tests.openid_provider.key_server import LOGOUT, KeyServer

pytestmark = pytest.mark.requirement("AUTH-14")
NOW = int(time.time())
ANOTHER_RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
CLAIMS = {
    "issuer of somebody else": {"iss": "https://login.evil.example"},
    "issuer with a stroke more": {"iss": "http://127.0.0.1:1/"},
    "no issuer": {"iss": ...},
    "for another client": {"aud": "another"},
    "for others, too": {"aud": ["conclave", "another"]},
    "for nobody": {"aud": ...},
    "for an empty list": {"aud": []},
    "not made at any time": {"iat": ...},
    "made at a text": {"iat": str(NOW)},
    "made at a truth": {"iat": True},
    "made beyond all time": {"iat": 10**18},
    "made a while ago": {"iat": NOW - 1200},
    "made in the future": {"iat": NOW + 600, "exp": NOW + 700},
    "without an end": {"exp": ...},
    "over": {"iat": NOW - 300, "exp": NOW - 120},
    "over before it was made": {"exp": NOW - 10},
    "an end that is a text": {"exp": str(NOW + 60)},
    "not good yet": {"nbf": NOW + 600},
    "without a name": {"jti": ...},
    "with an empty name": {"jti": ""},
    "with a name that is a number": {"jti": 7},
    "with a name without end": {"jti": "x" * 256},
    "no event": {"events": ...},
    "no events at all": {"events": {}},
    "an event that is a list": {"events": [LOGOUT]},
    "an event that is a text": {"events": {LOGOUT: "yes"}},
    "another event": {"events": {"http://schemas.openid.net/event/other": {}}},
    "nobody and no session": {"sub": ..., "sid": ...},
    "an empty person": {"sub": "", "sid": ...},
    "an empty session": {"sub": ..., "sid": ""},
    "a person who is a number": {"sub": 7},
    "a session that is a list": {"sid": ["session-1"]},
    "a session that is longer than one can be": {"sid": "x" * 256},
    "a nonce": {"nonce": "n"},
    "a nonce that is nothing": {"nonce": None},
}
HEADERS = {
    "an ID token's type": {"typ": "JWT"},
    "no type": {"typ": None},
    "another token's type": {"typ": "at+jwt"},
    "something critical": {"crit": ["exp"]},
    "a key that there is not": {"kid": "another", "key": ANOTHER_RSA},
    "another's key under this name": {"key": ANOTHER_RSA},
    "an empty key's name": {"kid": "", "key": ANOTHER_RSA},
    "an algorithm that is not allowed": {"alg": "RS384"},
    "a shared secret": {"alg": "HS256", "key": "secret" * 8},
    "no signature": {"alg": "none", "key": None},
    "the algorithm of another key": {"kid": "rsa", "alg": "ES256", "key": ec.generate_private_key(ec.SECP256R1())},
    "a key in its own header": {"jwk": {"kty": "oct", "k": "c2VjcmV0"}},
}


def unchanged(grace, audited):
    assert grace.is_signed_in()
    assert CompanySession.objects.get().ended_at is None
    assert CompanyLink.objects.get().signed_out_at is None
    assert Grant.objects.get().revoked_at is None
    assert (AccessToken.objects.count(), RefreshToken.objects.filter(revoked=None).count()) == (1, 1)
    assert grace.can_refresh()
    assert audited("account.signed_out_by_company") == []
    [entry] = audited("company.logout_refused")
    assert (entry["actor"], entry["details"]["provider"]) == ("unknown", "company")
    assert entry["details"]["reason"]


def refused(answer):
    assert (answer.status_code, answer.json(), answer["Cache-Control"]) == (400, {"error": "invalid_request"}, "no-store")
    assert answer.cookies == {}


@pytest.mark.parametrize("changes", CLAIMS.values(), ids=CLAIMS.keys())
def test_a_token_with_wrong_claims_ends_nothing(employee, company_keys: KeyServer, say_logout, audited, changes):
    grace = employee()
    refused(say_logout(company_keys.logout_token(**({"sub": "grace", "sid": "session-1"} | changes))))
    unchanged(grace, audited)


@pytest.mark.parametrize("changes", HEADERS.values(), ids=HEADERS.keys())
def test_a_token_that_is_not_signed_so_ends_nothing(employee, company_keys: KeyServer, say_logout, audited, changes):
    grace = employee()
    refused(say_logout(company_keys.sign(company_keys.claims(sub="grace", sid="session-1"), **changes)))
    unchanged(grace, audited)


def tampered(token: str, how: str) -> str:
    head, body, signature = token.split(".")
    linus, twice = (base64url.encode(text) for text in (b'{"sub":"linus"}', b'{"alg":"RS256","alg":"none","typ":"logout+jwt"}'))
    return {
        "cut off": f"{head}.{body}.",
        "without a signature": f"{head}.{body}",
        "of four parts": f"{token}.{signature}",
        "with another body": f"{head}.{linus}.{signature}",
        "of no JSON": f"{head}.{head[:-2]}.{signature}",
        "with a member twice": f"{twice}.{body}.{signature}",
        "padded": f"{head}.{body}.{signature}=",
        "with a gap": f"{head}.{body} .{signature}",
        "too long": f"{head}.{body}{'A' * 17000}.{signature}",
        "not ASCII": f"{head}.{body}.ä",
        "empty": "",
    }[how]


@pytest.mark.parametrize(
    "how",
    ["cut off", "without a signature", "of four parts", "with another body", "of no JSON", "with a member twice", "padded",
     "with a gap", "too long", "not ASCII", "empty"],
)  # fmt: skip
def test_what_is_no_token_ends_nothing(employee, company_keys: KeyServer, say_logout, audited, how):
    grace = employee()
    refused(say_logout(tampered(company_keys.logout_token(sub="grace"), how)))
    unchanged(grace, audited)


@pytest.mark.parametrize("form", ["nothing", "another name", "two of them", "too much"])
def test_what_is_no_form_ends_nothing(employee, company_keys: KeyServer, say_logout, audited, form):
    grace, token = employee(), company_keys.logout_token(sub="grace")
    contents = {
        "nothing": {},
        "another name": {"id_token": token},
        "two of them": {"logout_token": [token, token]},
        "too much": {"logout_token": token, "x": "y" * 70_000},
    }
    refused(say_logout(**contents[form]))
    unchanged(grace, audited)


GOOD = {
    "as it is": {},
    "for us alone, as a list": {"aud": ["conclave"]},
    "with members of its own": {"events": {LOGOUT: {}, "https://company.example/event": {}}, "tenant": 7},
    "made by a clock that is half a minute ahead": {"iat": NOW + 20, "exp": NOW + 140},
}


@pytest.mark.parametrize("changes", GOOD.values(), ids=GOOD.keys())
def test_a_right_one_is_read(company, company_keys: KeyServer, changes):
    token = company_keys.logout_token(sub="grace", sid="session-1", **changes)
    found = read_logout_token(company, token, now=timezone.now())
    assert (found.subject, found.sid) == ("grace", "session-1")


@pytest.mark.parametrize("typ", ["logout+jwt", "Logout+JWT", "application/logout+jwt"])
def test_either_key_and_any_spelling_of_the_type_will_do(company, company_keys: KeyServer, typ):
    claims = company_keys.claims(sid="session-1")
    for kid, alg in (("rsa", "RS256"), ("rsa", "PS256"), ("ec", "ES256")):
        assert read_logout_token(company, company_keys.sign(claims, kid=kid, alg=alg, typ=typ), now=timezone.now()).subject == ""
