import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from joserfc.jwk import ECKey

from protocol.errors import Malformed
from protocol.jwks import key_id, parse_jwks, signing_jwk
from protocol.thumbprint import parse_public_jwk, public_jwk, thumbprint

RFC7638_3_1 = {
    "kty": "RSA",
    "n": (
        "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMs"
        "tn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5haj"
        "rn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"
    ),
    "e": "AQAB",
    "alg": "RS256",
    "kid": "2011-04-29",
}


def test_rfc7638_example():
    assert thumbprint(RFC7638_3_1) == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"


def test_another_implementation_agrees():
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    jwk = public_jwk(key)
    assert ECKey.import_key(dict(jwk)).thumbprint() == thumbprint(jwk)
    assert parse_public_jwk(jwk) == key


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"d": "AA"}, id="private member"),
        pytest.param({"kid": "a"}, id="further member"),
        pytest.param({"kty": "OKP"}, id="another type"),
        pytest.param({"crv": "P-384"}, id="another curve"),
        pytest.param({"x": "AA"}, id="short coordinate"),
        pytest.param({"x": 1}, id="coordinate that is no text"),
        pytest.param({"y": None}, id="no coordinate"),
        pytest.param({"x": "A" * 43, "y": "A" * 43}, id="point outside the curve"),
        pytest.param({"x": "_" * 42 + "8"}, id="coordinate beyond the field"),
    ],
)
def test_keys_of_another_form_are_refused(change):
    jwk = public_jwk(ec.generate_private_key(ec.SECP256R1()).public_key())
    with pytest.raises(Malformed):
        parse_public_jwk({**jwk, **change})


@pytest.mark.parametrize("jwk", [{}, {"kty": "oct", "k": "AA"}, {"kty": "EC", "crv": "P-256", "x": "AA"}])
def test_no_thumbprint_of_half_a_key(jwk):
    with pytest.raises(Malformed):
        thumbprint(jwk)


def test_a_set_gives_its_es256_keys():
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    roster = {"kty": "OKP", "crv": "Ed25519", "x": "A" * 43, "kid": "roster", "alg": "EdDSA"}
    assert parse_jwks({"keys": [signing_jwk(key), roster]}) == {key_id(key): key}


@pytest.mark.parametrize(
    "document",
    [{}, {"keys": {}}, {"keys": ["a"]}, {"keys": [{"alg": "ES256", "kid": "a"}]}, {"keys": [{"alg": "ES256", "kid": 1}]}],
)
def test_what_is_no_set_is_refused(document):
    with pytest.raises(Malformed):
        parse_jwks(document)
