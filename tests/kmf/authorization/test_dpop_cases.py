"""DPoP at the KMF, case by case: what is taken, what is refused and why (RFC 9449 section 4.3; requirement AUTH-2).

Each row is a whole request with one thing about it. ``None`` in the last column: taken, and remembered. A reason: refused, and
nothing is remembered, so that nobody can use up another's proofs.
"""

import base64
import hashlib
import json
import secrets
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from django.conf import settings
from django.utils import timezone

from kmf.authorization import services
from kmf.authorization.models import UsedProof
from kmf.authorization.proofs import fresh_nonce
from protocol import base64url, jws
from protocol.errors import InvalidProof, InvalidToken
from protocol.thumbprint import public_jwk

pytestmark = pytest.mark.requirement("AUTH-2")
BODY = b'{"conference": "x"}'
STRANGER = ec.generate_private_key(ec.SECP256R1())
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def b64(data: bytes) -> str:
    return base64url.encode(data)


def digest(data: bytes) -> str:
    return b64(hashlib.sha256(data).digest())


class Case:
    """One request under construction; a row changes what it likes."""

    def __init__(self, client: Any, token: str) -> None:
        self.now = timezone.now()
        self.client, self.token = client, token
        self.key = client.key
        self.url = f"{settings.ORIGINS.kmf}/keys"
        self.header: dict[str, Any] = {"typ": "dpop+jwt", "alg": "ES256", "jwk": public_jwk(client.key.public_key())}
        self.claims: dict[str, Any] = {
            "jti": secrets.token_urlsafe(16),
            "htm": "POST",
            "htu": self.url,
            "iat": int(self.now.timestamp()),
            "ath": digest(token.encode()),
            "kah": digest(BODY),
        }
        self.request: dict[str, Any] = {
            "authorization": f"DPoP {token}",
            "method": "POST",
            "url": self.url,
            "body": BODY,
            "audience": settings.ORIGINS.kmf,
        }
        self.text: object = ...

    def proof(self) -> str:
        return jws.sign(json.dumps(self.header).encode(), json.dumps(self.claims).encode(), self.key)

    def send(self) -> services.VerifiedRequest:
        proof: Any = self.proof() if self.text is ... else self.text
        return services.verify_request(proof=proof, now=self.now, **self.request)

    def nonce(self, seconds: int = 0) -> str:
        """Nonce that was given ``seconds`` ago."""
        return fresh_nonce(self.now - timedelta(seconds=seconds))


def claim(name: str, value: Any) -> Callable[[Case], None]:
    def change(case: Case) -> None:
        given = value(case) if callable(value) else value
        if given is ...:
            case.claims.pop(name)
        else:
            case.claims[name] = given

    return change


def head(name: str, value: Any) -> Callable[[Case], None]:
    def change(case: Case) -> None:
        given = value(case) if callable(value) else value
        if given is ...:
            case.header.pop(name)
        else:
            case.header[name] = given

    return change


def request(name: str, value: Any) -> Callable[[Case], None]:
    def change(case: Case) -> None:
        case.request[name] = value(case) if callable(value) else value

    return change


def text(make: Callable[[Case], str | None]) -> Callable[[Case], None]:
    def change(case: Case) -> None:
        case.text = make(case)

    return change


def both(*changes: Callable[[Case], None]) -> Callable[[Case], None]:
    def change(case: Case) -> None:
        for one in changes:
            one(case)

    return change


def iat(seconds: float) -> Callable[[Case], None]:
    return claim("iat", lambda case: int(case.now.timestamp()) + seconds)


def jwk(**members: Any) -> Callable[[Case], None]:
    return head("jwk", lambda case: {k: v for k, v in (case.header["jwk"] | members).items() if v is not ...})


def signed_over(part: int) -> Callable[[Case], None]:
    """One bit of header, claims or signature turned after signing."""

    def make(case: Case) -> str:
        parts = case.proof().split(".")
        raw = bytearray(base64url.decode(parts[part]))
        raw[len(raw) // 2] ^= 1
        parts[part] = b64(bytes(raw))
        return ".".join(parts)

    return text(make)


def signature(make: Callable[[Case, bytes, bytes], bytes]) -> Callable[[Case], None]:
    """Another signature: of the case, the signing input and the good one."""

    def change(case: Case) -> str:
        signed, _, good = case.proof().rpartition(".")
        return f"{signed}.{b64(make(case, signed.encode(), base64url.decode(good)))}"

    return text(change)


def other_s(_case: Case, _signed: bytes, good: bytes) -> bytes:
    """The same signature with the other ``s``: valid ECDSA too, which is why ``jti`` is remembered and not the bytes."""
    return good[:32] + (ORDER - int.from_bytes(good[32:], "big")).to_bytes(32, "big")


def used(case: Case) -> None:
    case.send()


def used_jti(case: Case) -> None:
    case.send()
    case.claims["kah"], case.request["body"] = digest(b"{}"), b"{}"


def used_with_other_s(case: Case) -> None:
    case.send()
    signature(other_s)(case)


def used_under_a_nonce(case: Case) -> None:
    case.claims["nonce"] = case.nonce()
    case.send()
    case.now += timedelta(seconds=100)


def used_and_swept(case: Case) -> None:
    """Cleaned a second before the proof would be too old."""
    from kmf.authorization.cleaning import clean  # noqa: PLC0415  this one case

    case.claims["iat"] += 30
    case.send()
    case.now += timedelta(seconds=59)
    clean(case.now)


def rsa_header(case: Case) -> None:
    numbers = rsa.generate_private_key(65537, 2048).public_key().public_numbers()
    case.header |= {"alg": "RS256", "jwk": {"kty": "RSA", "e": "AQAB", "n": b64(numbers.n.to_bytes(256, "big"))}}


WELL = "proof is not of this moment"
CASES: dict[str, tuple[Callable[[Case], None], str | None]] = {
    # --- taken
    "a whole request": (lambda _case: None, None),
    "iat 30 s old": (both(lambda case: setattr(case, "now", case.now.replace(microsecond=0)), iat(-30)), None),
    "iat 30 s ahead": (iat(30), None),
    "jti of 96 bytes": (claim("jti", b64(bytes(96))), None),
    "a claim more": (claim("more", {"a": 1}), None),
    "query of the request": (request("url", lambda case: case.url + "?a=1"), None),
    "the other s of the signature": (signature(other_s), None),
    "scheme in small letters": (request("authorization", lambda case: f"dpop {case.token}"), None),
    "empty body, hashed": (both(request("body", b""), claim("kah", digest(b""))), None),
    "nonce, clock right": (claim("nonce", lambda case: case.nonce()), None),
    "nonce, clock a day slow": (both(iat(-86_400), claim("nonce", lambda case: case.nonce())), None),
    "nonce, clock a day fast": (both(iat(86_400), claim("nonce", lambda case: case.nonce())), None),
    "nonce of 150 s ago": (both(iat(-999), claim("nonce", lambda case: case.nonce(150))), None),
    # --- the proof's age
    "iat 32 s old": (iat(-32), WELL),
    "iat 32 s ahead": (iat(32), WELL),
    "iat missing": (claim("iat", ...), "claim iat is missing or not a time"),
    "iat a text": (claim("iat", "1790000000"), "claim iat is missing or not a time"),
    "iat a fraction": (claim("iat", 1790000000.5), "claim iat is missing or not a time"),
    "iat true": (claim("iat", value=True), "claim iat is missing or not a time"),
    "iat negative": (claim("iat", -1), "claim iat is missing or not a time"),
    "iat beyond all time": (claim("iat", 10**30), "claim iat is missing or not a time"),
    "iat in milliseconds": (claim("iat", lambda case: int(case.now.timestamp() * 1000)), "claim iat is missing or not a time"),
    "nonce of 301 s ago": (claim("nonce", lambda case: case.nonce(301)), "nonce is not of this moment"),
    "nonce of 10 min ahead": (claim("nonce", lambda case: case.nonce(-600)), "nonce is not of this moment"),
    "nonce made up": (claim("nonce", b64(bytes(24))), "nonce is not ours"),
    "nonce changed": (claim("nonce", lambda case: case.nonce()[:-2] + "AA"), "nonce is not ours"),
    "nonce too short": (claim("nonce", lambda case: case.nonce()[:20]), "nonce is not ours"),
    "nonce empty": (claim("nonce", ""), "claim nonce is missing or not a text"),
    "nonce a number": (claim("nonce", 7), "claim nonce is missing or not a text"),
    "nonce a list": (claim("nonce", lambda case: [case.nonce()]), "claim nonce is missing or not a text"),
    # --- replay
    "sent twice": (used, "proof was used before"),
    "the jti for another body": (used_jti, "proof was used before"),
    "sent again with the other s": (used_with_other_s, "proof was used before"),
    "sent again under its nonce 100 s later": (used_under_a_nonce, "proof was used before"),
    "from 30 s ahead, sent again 59 s later, swept": (used_and_swept, "proof was used before"),
    "jti missing": (claim("jti", ...), "claim jti is missing or not a text"),
    "jti empty": (claim("jti", ""), "claim jti is missing or not a text"),
    "jti a number": (claim("jti", 1), "claim jti is missing or not a text"),
    "jti of 15 bytes": (claim("jti", b64(bytes(15))), "jti is too short or too long"),
    "jti of 97 bytes": (claim("jti", b64(bytes(97))), "jti is too short or too long"),
    "jti not canonical": (claim("jti", "A" * 21 + "B"), "base64url is not canonical"),
    "jti padded": (claim("jti", "A" * 22 + "=="), "not base64url"),
    # --- method and URL
    "htm missing": (claim("htm", ...), "claim htm is missing or not a text"),
    "htm GET": (claim("htm", "GET"), "proof for another method"),
    "htm post": (claim("htm", "post"), "proof for another method"),
    "htm with a space": (claim("htm", "POST "), "proof for another method"),
    "htm a list": (claim("htm", ["POST"]), "claim htm is missing or not a text"),
    "sent as PUT": (request("method", "PUT"), "proof for another method"),
    "htu missing": (claim("htu", ...), "claim htu is missing or not a text"),
    "htu of the token endpoint": (claim("htu", lambda _: f"{settings.ORIGINS.kmf}/token"), "proof for another URL"),
    "htu of the internal address": (claim("htu", lambda _: f"{settings.ORIGINS.internal_trusted}/keys"), "proof for another URL"),
    "htu of the provider": (claim("htu", lambda _: f"{settings.ORIGINS.provider}/keys"), "proof for another URL"),
    "htu of another scheme": (claim("htu", lambda case: case.url.replace("http:", "https:")), "proof for another URL"),
    "htu of another port": (claim("htu", lambda case: case.url.replace(":8000", ":8001")), "proof for another URL"),
    "htu in capitals": (claim("htu", lambda case: case.url.upper()), "proof for another URL"),
    "htu with a query": (claim("htu", lambda case: case.url + "?"), "proof for another URL"),
    "htu with a fragment": (claim("htu", lambda case: case.url + "#"), "proof for another URL"),
    "htu with user info": (claim("htu", lambda case: case.url.replace("//", "//a@")), "proof for another URL"),
    "htu with a slash more": (claim("htu", lambda case: case.url + "/"), "proof for another URL"),
    "htu with a dot segment": (claim("htu", lambda case: case.url.replace("/keys", "/./keys")), "proof for another URL"),
    "htu escaped": (claim("htu", lambda case: case.url.replace("keys", "%6beys")), "proof for another URL"),
    "htu the path alone": (claim("htu", "/keys"), "proof for another URL"),
    "htu a list": (claim("htu", lambda case: [case.url]), "claim htu is missing or not a text"),
    # --- token and body
    "ath missing": (claim("ath", ...), "claim ath is missing or not a text"),
    "ath empty": (claim("ath", ""), "claim ath is missing or not a text"),
    "ath of another token": (claim("ath", digest(b"other")), "ath does not match"),
    "ath in hex": (claim("ath", lambda case: hashlib.sha256(case.token.encode()).hexdigest()), "ath does not match"),
    "ath padded": (claim("ath", lambda case: digest(case.token.encode()) + "="), "ath does not match"),
    "ath in the other alphabet": (
        claim("ath", lambda case: base64.b64encode(hashlib.sha256(case.token.encode()).digest()).decode()),
        "ath does not match",
    ),
    "ath of token and scheme": (claim("ath", lambda case: digest(f"DPoP {case.token}".encode())), "ath does not match"),
    "kah missing": (claim("kah", ...), "claim kah is missing or not a text"),
    "kah of another body": (request("body", BODY + b" "), "kah does not match"),
    "kah of no body": (request("body", None), "proof with kah where there is nothing to hash"),
    "token as bearer": (request("authorization", lambda case: f"Bearer {case.token}"), "token is not presented as DPoP"),
    "token missing": (request("authorization", None), "token is missing"),
    "two spaces before the token": (request("authorization", lambda case: f"DPoP  {case.token}"), "not base64url"),
    "token for another audience": (request("audience", lambda _: settings.ORIGINS.provider), "token for another audience"),
    # --- the key
    "another key, its own jwk": (
        both(lambda case: setattr(case, "key", STRANGER), head("jwk", public_jwk(STRANGER.public_key()))),
        "proof under another key",
    ),
    "another key under the right jwk": (lambda case: setattr(case, "key", STRANGER), "signature does not hold"),
    "the right key under another jwk": (head("jwk", public_jwk(STRANGER.public_key())), "signature does not hold"),
    "jwk missing": (head("jwk", ...), "token header has other members"),
    "jwk a text": (head("jwk", "key"), "key has other members"),
    "jwk empty": (head("jwk", {}), "unknown key type"),
    "jwk with its private half": (jwk(d=b64(bytes(32))), "key has other members"),
    "jwk with kid": (jwk(kid="a"), "key has other members"),
    "jwk without y": (jwk(y=...), "key lacks a member"),
    "jwk with x as y": (jwk(y=b64(bytes(32))), "point is not on the curve"),
    "jwk with x padded": (jwk(x=b64(bytes(33))), "base64url of another length"),
    "jwk of P-384 named": (jwk(crv="P-384"), "key is not of P-256"),
    "jwk symmetric": (head("jwk", {"kty": "oct", "k": "AAAA"}), "unknown key type"),
    "RSA": (rsa_header, "token under another algorithm"),
    # --- the form
    "proof missing": (text(lambda _: None), "proof is missing"),
    "proof empty": (text(lambda _: ""), "proof is missing"),
    "not a JWS": (text(lambda _: "abc"), "not a compact JWS"),
    "four parts": (text(lambda case: case.proof() + ".AA"), "not a compact JWS"),
    "two proofs in one header": (text(lambda case: f"{case.proof()}, {case.proof()}"), "not a compact JWS"),
    "padded": (text(lambda case: case.proof() + "="), "not base64url"),
    "a space before": (text(lambda case: " " + case.proof()), "not base64url"),
    "a letter outside ASCII": (text(lambda case: case.proof() + "é"), "token over its limit"),
    "over its limit": (claim("more", "x" * 9000), "token over its limit"),
    "alg none": (head("alg", "none"), "token under another algorithm"),
    "alg none, unsigned": (
        both(head("alg", "none"), text(lambda case: case.proof().rpartition(".")[0] + ".")),
        "token under another algorithm",
    ),
    "alg HS256": (head("alg", "HS256"), "token under another algorithm"),
    "alg es256": (head("alg", "es256"), "token under another algorithm"),
    "alg missing": (head("alg", ...), "token under another algorithm"),
    "typ JWT": (head("typ", "JWT"), "token of another type"),
    "typ DPoP+JWT": (head("typ", "DPoP+JWT"), "token of another type"),
    "typ of an access token": (head("typ", "at+jwt"), "token of another type"),
    "typ missing": (head("typ", ...), "token of another type"),
    "crit": (head("crit", ["exp"]), "token header has other members"),
    "b64 false": (head("b64", value=False), "token header has other members"),
    "jku": (head("jku", "http://evil.localhost/jwks"), "token header has other members"),
    "kid": (head("kid", "a"), "token header has other members"),
    "signature missing": (text(lambda case: case.proof().rpartition(".")[0] + "."), "base64url of another length"),
    "signature of zeros": (signature(lambda *_: bytes(64)), "signature does not hold"),
    "signature a byte short": (signature(lambda _c, _s, good: good[:-1]), "base64url of another length"),
    "signature a byte long": (signature(lambda _c, _s, good: good + b"\0"), "base64url of another length"),
    "signature in DER": (
        signature(lambda case, signed, _good: case.key.sign(signed, ec.ECDSA(hashes.SHA256()))),
        "base64url of another length",
    ),
    "claims twice": (
        text(lambda case: jws.sign(json.dumps(case.header).encode(), b'{"jti":"a","jti":"b"}', case.key)),
        "JSON member twice",
    ),
    "claims a list": (text(lambda case: jws.sign(json.dumps(case.header).encode(), b"[]", case.key)), "JSON is not an object"),
    "claims not UTF-8": (text(lambda case: jws.sign(json.dumps(case.header).encode(), b"\xff", case.key)), "not JSON"),
    "header changed": (signed_over(0), ""),
    "claims changed": (signed_over(1), ""),
    "signature changed": (signed_over(2), "signature does not hold"),
    "the access token as proof": (text(lambda case: case.token), "token of another type"),
}


@pytest.mark.parametrize(("change", "reason"), CASES.values(), ids=CASES)
def test_a_request_is_taken_or_refused_for_its_reason(
    endpoint_client: Any, change: Callable[[Case], None], reason: str | None
) -> None:
    case = Case(endpoint_client, endpoint_client.tokens()["access_token"])
    change(case)
    before = UsedProof.objects.count()
    if reason is None:
        assert case.send().token.jkt == endpoint_client.jkt
        assert UsedProof.objects.count() == before + 1
        return
    with pytest.raises((InvalidProof, InvalidToken)) as refusal:
        case.send()
    assert UsedProof.objects.count() == before
    if reason:
        assert refusal.value.reason == reason
    nonce_would_do = reason == WELL or reason.startswith("nonce is not")
    assert (refusal.value.code == "use_dpop_nonce") == nonce_would_do
