"""One proof, one request: what a proof says must be exactly what the request is."""

import base64
import hashlib
import json
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jws as joserfc_jws
from joserfc.jwk import ECKey

from protocol import base64url, dpop, jws
from protocol.errors import InvalidProof
from protocol.thumbprint import public_jwk, thumbprint

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
URL = "http://kmf.localhost:8000/keys"
TOKEN = "eyJ0eXAi.e30.c2ln"
BODY = b'{"conference": "x"}'
KEY = ec.derive_private_key(7, ec.SECP256R1())
OTHER = ec.derive_private_key(8, ec.SECP256R1())
JKT = thumbprint(public_jwk(KEY.public_key()))


def b64(data):
    return base64url.encode(data)


def digest(data):
    return b64(hashlib.sha256(data).digest())


def claims(**changes):
    whole = {
        "jti": "A" * 22,
        "htm": "POST",
        "htu": URL,
        "iat": int(NOW.timestamp()),
        "ath": digest(TOKEN.encode()),
        "kah": digest(BODY),
    }
    return {name: value for name, value in (whole | changes).items() if value is not ...}


def header(**changes):
    whole = {"typ": "dpop+jwt", "alg": "ES256", "jwk": public_jwk(KEY.public_key())}
    return {name: value for name, value in (whole | changes).items() if value is not ...}


def proof(head=None, body=None, key=KEY):
    return jws.sign(json.dumps(head or header()).encode(), json.dumps(body or claims()).encode(), key)


def verify(text, **changes):
    expected = {"method": "POST", "url": URL, "now": NOW, "access_token": TOKEN, "jkt": JKT, "body": BODY}
    return dpop.verify_proof(text, **(expected | changes))


def test_a_whole_proof_is_taken():
    verified = verify(proof())
    assert (verified.jkt, verified.jti, verified.issued_at) == (JKT, "A" * 22, NOW)


def test_query_and_fragment_of_the_request_do_not_count():
    assert verify(proof(), url=URL + "?a=1#b").jkt == JKT


@pytest.mark.parametrize("seconds", [-30, 30])
def test_half_a_minute_of_skew_is_taken(seconds):
    assert verify(proof(), now=NOW + timedelta(seconds=seconds)).jkt == JKT


def test_made_proofs_hold_and_differ():
    made = [dpop.make_proof(KEY, method="POST", url=URL + "?q", now=NOW, access_token=TOKEN, body=BODY) for _ in range(2)]
    assert {verify(text).jkt for text in made} == {JKT}
    assert verify(made[0]).jti != verify(made[1]).jti


def test_another_implementation_reads_ours_and_we_read_its():
    ours = joserfc_jws.deserialize_compact(proof(), ECKey.import_key(public_jwk(KEY.public_key())), algorithms=["ES256"])
    assert json.loads(ours.payload) == claims()
    theirs = joserfc_jws.serialize_compact(header(), json.dumps(claims()), ECKey.import_key(KEY), algorithms=["ES256"])
    assert verify(theirs).jkt == JKT


def test_a_proof_without_token_and_body():
    text = proof(body=claims(ath=..., kah=...))
    assert verify(text, access_token=None, body=None, jkt=None).jkt == JKT


def resigned(signature):
    head, body, _ = proof().split(".")
    return f"{head}.{body}.{b64(signature)}"


def flipped(part):
    parts = proof().split(".")
    raw = bytearray(base64url.decode(parts[part]))
    raw[len(raw) // 2] ^= 1
    parts[part] = b64(bytes(raw))
    return ".".join(parts)


def der_signature():
    head, body, _ = proof().split(".")
    from cryptography.hazmat.primitives import hashes  # noqa: PLC0415  this one case

    return f"{head}.{body}.{b64(KEY.sign(f'{head}.{body}'.encode(), ec.ECDSA(hashes.SHA256())))}"


PRIVATE_JWK = public_jwk(KEY.public_key()) | {"d": b64((7).to_bytes(32, "big"))}
WRONG = {
    "empty": "",
    "not a JWS": "abc",
    "two parts": "a.b",
    "four parts": proof() + ".AA",
    "padding": proof() + "=",
    "space before": " " + proof(),
    "two proofs joined by a proxy": proof() + ", " + proof(),
    "letter outside ASCII": proof() + "é",
    "over its limit": proof(body=claims(more="x" * 9000)),
    "alg none": proof(header(alg="none")),
    "alg none without signature": proof(header(alg="none")).rsplit(".", 1)[0] + ".",
    "alg HS256": proof(header(alg="HS256")),
    "alg ES384": proof(header(alg="ES384")),
    "alg es256": proof(header(alg="es256")),
    "alg missing": proof(header(alg=...)),
    "typ JWT": proof(header(typ="JWT")),
    "typ DPoP+JWT": proof(header(typ="DPoP+JWT")),
    "typ at+jwt": proof(header(typ="at+jwt")),
    "typ missing": proof(header(typ=...)),
    "jwk missing": proof(header(jwk=...)),
    "jwk a text": proof(header(jwk="key")),
    "jwk empty": proof(header(jwk={})),
    "jwk private": proof(header(jwk=PRIVATE_JWK)),
    "jwk symmetric": proof(header(jwk={"kty": "oct", "k": "AAAA"})),
    "jwk of P-384": proof(header(jwk=public_jwk(KEY.public_key()) | {"crv": "P-384"})),
    "jwk off the curve": proof(header(jwk=public_jwk(KEY.public_key()) | {"x": "A" * 43})),
    "jwk with kid": proof(header(jwk=public_jwk(KEY.public_key()) | {"kid": "a"})),
    "jwk of another key": proof(header(jwk=public_jwk(OTHER.public_key()))),
    "crit": proof(header(crit=["exp"])),
    "b64 false": proof(header(b64=False)),
    "kid beside jwk": proof(header(kid="a")),
    "jku beside jwk": proof(header(jku="http://evil.localhost/jwks")),
    "x5c beside jwk": proof(header(x5c=["AA"])),
    "signature missing": proof().rsplit(".", 1)[0] + ".",
    "signature of zeros": resigned(bytes(64)),
    "signature short": resigned(bytes(63)),
    "signature long": resigned(bytes(65)),
    "signature in DER": der_signature(),
    "header changed": flipped(0),
    "claims changed": flipped(1),
    "signature changed": flipped(2),
    "another key altogether": proof(header(jwk=public_jwk(OTHER.public_key())), key=OTHER),
    "claims a list": jws.sign(json.dumps(header()).encode(), b"[]", KEY),
    "claims twice": jws.sign(json.dumps(header()).encode(), b'{"jti": "a", "jti": "b"}', KEY),
    "claims not JSON": jws.sign(json.dumps(header()).encode(), b"\xff", KEY),
    "jti missing": proof(body=claims(jti=...)),
    "jti empty": proof(body=claims(jti="")),
    "jti a number": proof(body=claims(jti=1)),
    "jti of 15 bytes": proof(body=claims(jti=b64(bytes(15)))),
    "jti of 97 bytes": proof(body=claims(jti=b64(bytes(97)))),
    "jti not base64url": proof(body=claims(jti="A" * 21 + "!")),
    "htm missing": proof(body=claims(htm=...)),
    "htm GET": proof(body=claims(htm="GET")),
    "htm post": proof(body=claims(htm="post")),
    "htu missing": proof(body=claims(htu=...)),
    "htu of another path": proof(body=claims(htu=URL + "/x")),
    "htu of another origin": proof(body=claims(htu="http://provider.localhost:8100/keys")),
    "htu of another scheme": proof(body=claims(htu=URL.replace("http:", "https:"))),
    "htu of another port": proof(body=claims(htu=URL.replace("8000", "8001"))),
    "htu with a query": proof(body=claims(htu=URL + "?a=1")),
    "htu with a fragment": proof(body=claims(htu=URL + "#a")),
    "htu with user info": proof(body=claims(htu=URL.replace("//", "//a@"))),
    "htu in capitals": proof(body=claims(htu=URL.upper())),
    "htu with a slash more": proof(body=claims(htu=URL + "/")),
    "htu a list": proof(body=claims(htu=[URL])),
    "iat missing": proof(body=claims(iat=...)),
    "iat a text": proof(body=claims(iat=str(int(NOW.timestamp())))),
    "iat a fraction": proof(body=claims(iat=NOW.timestamp() + 0.5)),
    "iat true": proof(body=claims(iat=True)),
    "iat negative": proof(body=claims(iat=-1)),
    "iat beyond all time": proof(body=claims(iat=10**30)),
    "iat 31 s old": proof(body=claims(iat=int(NOW.timestamp()) - 31)),
    "iat 31 s ahead": proof(body=claims(iat=int(NOW.timestamp()) + 31)),
    "iat in milliseconds": proof(body=claims(iat=int(NOW.timestamp()) * 1000)),
    "ath missing": proof(body=claims(ath=...)),
    "ath of another token": proof(body=claims(ath=digest(b"other"))),
    "ath empty": proof(body=claims(ath="")),
    "ath padded": proof(body=claims(ath=digest(TOKEN.encode()) + "=")),
    "ath in the other alphabet": proof(body=claims(ath=base64.b64encode(hashlib.sha256(TOKEN.encode()).digest()).decode())),
    "kah missing": proof(body=claims(kah=...)),
    "kah of another body": proof(body=claims(kah=digest(BODY + b" "))),
    "kah the body's ath": proof(body=claims(kah=digest(TOKEN.encode()))),
}


@pytest.mark.parametrize("text", WRONG.values(), ids=WRONG)
def test_a_wrong_proof_is_refused(text):
    with pytest.raises(InvalidProof) as refusal:
        verify(text)
    assert refusal.value.code == "invalid_dpop_proof"
    assert "localhost" not in refusal.value.reason  # a fixed text: no input in it


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"method": "GET"}, id="another method"),
        pytest.param({"url": "http://kmf.localhost:8000/token"}, id="another URL"),
        pytest.param({"access_token": "other"}, id="another token"),
        pytest.param({"access_token": None}, id="no token though the proof has ath"),
        pytest.param({"body": b""}, id="another body"),
        pytest.param({"body": None}, id="no body though the proof has kah"),
        pytest.param({"jkt": thumbprint(public_jwk(OTHER.public_key()))}, id="token of another key"),
        pytest.param({"jkt": ""}, id="token of no key"),
        pytest.param({"now": NOW + timedelta(seconds=31)}, id="too late"),
    ],
)
def test_a_good_proof_does_for_its_own_request_only(changes):
    with pytest.raises(InvalidProof):
        verify(proof(), **changes)


@given(st.text(max_size=200))
def test_random_text_never_raises_anything_else(text):
    with pytest.raises(InvalidProof):
        verify(text)
