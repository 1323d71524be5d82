import json
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from joserfc import jwt
from joserfc.jwk import ECKey

from protocol import jws
from protocol.access_token import sign_access_token, verify_access_token
from protocol.errors import InvalidToken

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
KEY = ec.derive_private_key(7, ec.SECP256R1())
OTHER = ec.derive_private_key(8, ec.SECP256R1())
ISSUER = "http://auth.localhost:8000"
AUDIENCE = "http://kmf.localhost:8000"
JKT = "A" * 43


def claims(**changes):
    at = int(NOW.timestamp())
    whole = {"iss": ISSUER, "aud": AUDIENCE, "sub": "account", "client_id": "endpoint", "iat": at, "exp": at + 300}
    whole |= {"jti": "j" * 22, "cnf": {"jkt": JKT}, "auth_time": at - 60, "amr": ["pwd"], "conference": "c"}
    return {name: value for name, value in (whole | changes).items() if value is not ...}


def token(body=None, key=KEY, **head):
    header = {"typ": "at+jwt", "alg": "ES256", "kid": "k1"} | head
    kept = {name: value for name, value in header.items() if value is not ...}
    return jws.sign(json.dumps(kept).encode(), json.dumps(body or claims()).encode(), key)


def verify(text, **changes):
    expected = {"keys": {"k1": KEY.public_key()}, "issuer": ISSUER, "audience": AUDIENCE, "now": NOW}
    return verify_access_token(text, **(expected | changes))


def test_a_whole_token_is_taken():
    found = verify(sign_access_token(claims(), key=KEY, kid="k1"))
    assert (found.subject, found.client_id, found.jkt, found.amr) == ("account", "endpoint", JKT, ("pwd",))
    assert found.expires_at == NOW + timedelta(seconds=300)
    assert found.auth_time == NOW - timedelta(seconds=60)
    assert found.claims["conference"] == "c"


def test_token2_has_neither_auth_time_nor_amr():
    found = verify(token(claims(auth_time=..., amr=...)))
    assert (found.auth_time, found.amr) == (None, ())


def test_another_implementation_reads_ours():
    text = sign_access_token(claims(), key=KEY, kid="k1")
    read = jwt.decode(text, ECKey.import_key(KEY), algorithms=["ES256"])
    assert read.claims == claims()
    assert read.header == {"typ": "at+jwt", "alg": "ES256", "kid": "k1"}


def test_the_last_second():
    assert verify(token(), now=NOW + timedelta(seconds=299)).subject == "account"
    with pytest.raises(InvalidToken, match="expired"):
        verify(token(), now=NOW + timedelta(seconds=300))


WRONG = {
    "empty": ("", "not a compact JWS"),
    "alg none": (token(alg="none"), "algorithm"),
    "alg HS256": (token(alg="HS256"), "algorithm"),
    "alg RS256": (token(alg="RS256"), "algorithm"),
    "typ JWT": (token(typ="JWT"), "type"),
    "typ of a proof": (token(typ="dpop+jwt"), "type"),
    "kid unknown": (token(kid="k2"), "unknown signing key"),
    "kid missing": (token(kid=...), "header"),
    "kid a number": (token(kid=1), "kid"),
    "key in the header": (token(jwk={"kty": "EC"}), "header"),
    "jku in the header": (token(jku="http://evil.localhost"), "header"),
    "crit": (token(crit=["x"]), "header"),
    "signed by another key": (token(key=OTHER), "signature"),
    "another issuer": (token(claims(iss="http://evil.localhost")), "issuer"),
    "issuer missing": (token(claims(iss=...)), "iss"),
    "the provider's": (token(claims(aud="http://provider.localhost:8100")), "audience"),
    "the core application's": (token(claims(aud="http://core.localhost:8000")), "audience"),
    "audience by prefix": (token(claims(aud=AUDIENCE + "/keys")), "audience"),
    "audience a list": (token(claims(aud=[AUDIENCE])), "aud"),
    "audience missing": (token(claims(aud=...)), "aud"),
    "expired": (token(claims(exp=int(NOW.timestamp()))), "expired"),
    "exp missing": (token(claims(exp=...)), "exp"),
    "exp a text": (token(claims(exp="9999999999")), "exp"),
    "from the future": (token(claims(iat=int(NOW.timestamp()) + 31)), "future"),
    "iat missing": (token(claims(iat=...)), "iat"),
    "subject missing": (token(claims(sub=...)), "sub"),
    "subject a number": (token(claims(sub=1)), "sub"),
    "client missing": (token(claims(client_id=...)), "client_id"),
    "jti missing": (token(claims(jti=...)), "jti"),
    "not bound": (token(claims(cnf=...)), "bound"),
    "bound to nothing": (token(claims(cnf={})), "jkt"),
    "bound to half a thumbprint": (token(claims(cnf={"jkt": "AAAA"})), "length"),
    "bound to a certificate": (token(claims(cnf={"x5t#S256": JKT})), "jkt"),
    "amr a text": (token(claims(amr="pwd")), "amr"),
    "acr another word": (token(claims(acr="strong")), "strength"),
    "auth_time a text": (token(claims(auth_time="x")), "auth_time"),
}


@pytest.mark.parametrize(("text", "reason"), WRONG.values(), ids=WRONG)
def test_a_wrong_token_is_refused_with_the_precise_reason(text, reason):
    with pytest.raises(InvalidToken, match=reason) as refusal:
        verify(text)
    assert refusal.value.code == "invalid_token"
    assert "localhost" not in refusal.value.reason
