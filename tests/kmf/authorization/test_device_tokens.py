"""Tokens for room systems and recorders: by an enrolled key and a DPoP key, for one conference, and nothing beyond."""

import secrets
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from django.conf import settings
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from kmf.authorization.enrolment import enrol, read_enrolment, revoke_key
from kmf.authorization.keys import verification_keys
from kmf.authorization.models import AccessToken, Account, EnrolledKey, Grant, RateCount, RefreshToken
from protocol.access_token import verify_access_token
from protocol.client_assertion import ASSERTION_TYPE, make_assertion
from protocol.dpop import make_proof
from protocol.jwks import key_id
from protocol.thumbprint import public_jwk, thumbprint
from tests.kmf.authorization.oauth_client import OAuthClient, host

pytestmark = pytest.mark.requirement("AUTH-6")


def pem_of(key):
    return key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()


class Room:
    """A device with an enrolled key, which can be told to do each thing wrong."""

    def __init__(self, organisation, conference, *, kind="room", address="room-7@weaver.example"):
        self.conference = conference
        self.enrolled, self.dpop = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
        typed = read_enrolment(address=address, name="Room 7", kind=kind, key=pem_of(self.enrolled))
        self.account = enrol(typed, organisation=organisation, by="ada@weaver.example", now=timezone.now())
        self.key = self.account.enrolled_keys.get()
        self.jkt = thumbprint(public_jwk(self.dpop.public_key()))

    def assertion(self, **changes):
        given = {"client_id": self.account.pk, "issuer": settings.ORIGINS.auth, "now": timezone.now()} | changes
        return make_assertion(given.pop("key", self.enrolled), **given)

    def ask(self, *, assertion=None, proof=..., **changes):
        form = {
            "grant_type": "client_credentials",
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": assertion or self.assertion(),
            "scope": f"conference:{self.conference.id}",
            "resource": settings.ORIGINS.kmf,
        } | changes
        form = {name: value for name, value in form.items() if value is not ...}
        headers = {"host": host(settings.ORIGINS.kmf)}
        if proof is ...:
            proof = make_proof(self.dpop, method="POST", url=f"{settings.ORIGINS.kmf}/token", now=timezone.now())
        if proof is not None:
            headers["dpop"] = proof
        kind = "application/x-www-form-urlencoded"
        return Client().post("/token", urlencode(form, doseq=True), content_type=kind, headers=headers)


@pytest.fixture
def room(organisation, conference):
    call_command("authorization_clients", verbosity=0)
    return Room(organisation, conference)


def claims_of(answer, audience):
    text = answer.json()["access_token"]
    return verify_access_token(
        text, keys=verification_keys(), issuer=settings.ORIGINS.auth, audience=audience, now=timezone.now()
    ).claims


def test_a_room_gets_token1_bound_to_its_key_and_no_refresh_token(room, conference, audited):
    answer = room.ask()
    assert answer.status_code == 200
    assert set(answer.json()) == {"access_token", "token_type", "expires_in", "scope"}
    claims = claims_of(answer, settings.ORIGINS.kmf)
    assert (claims["sub"], claims["conference"], claims["cnf"]) == (room.account.pk, conference.id, {"jkt": room.jkt})
    assert claims["amr"] == ["enrolled_key"]
    assert RefreshToken.objects.count() == 0
    [granted] = audited("authorization.granted")
    assert (granted["actor"], granted["details"]["kid"]) == ("room-7@weaver.example", room.key.kid)
    assert audited("token.issued")[0]["details"]["jkt"] == room.jkt
    assert EnrolledKey.objects.get().used_at is not None


def test_one_key_and_one_conference_are_one_grant(room):
    assert [room.ask().status_code for _ in range(3)] == [200] * 3
    assert (Grant.objects.count(), AccessToken.objects.count()) == (1, 1)
    room.dpop = ec.generate_private_key(ec.SECP256R1())
    assert room.ask().status_code == 200
    assert (Grant.objects.count(), AccessToken.objects.count()) == (2, 2)


def test_the_provider_is_told_nothing_but_a_pseudonym(room, invite):
    participant = invite("room-7")
    claims = claims_of(room.ask(resource=settings.ORIGINS.provider), settings.ORIGINS.provider)
    assert (claims["sub"], claims["client_id"]) == (participant.pseudonym, "endpoint")
    assert not {"email", "name", "amr", "auth_time", "conference", "scope"} & claims.keys()
    assert room.account.pk not in str(claims)


def test_who_is_not_invited_gets_no_token_for_the_provider(room):
    answer = room.ask(resource=settings.ORIGINS.provider)
    assert (answer.status_code, answer.json()) == (400, {"error": "access_denied"})
    assert AccessToken.objects.count() == 0


WRONG = {
    "no assertion": ({"client_assertion": ...}, "invalid_request"),
    "no type of it": ({"client_assertion_type": ...}, "invalid_request"),
    "another type": ({"client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:saml2-bearer"}, "invalid_client"),
    "an assertion that is none": ({"client_assertion": "x.y.z"}, "invalid_client"),
    "another client's name": ({"client_id": "A" * 22}, "invalid_client"),
    "no scope": ({"scope": ...}, "invalid_request"),
    "the core application's scope": ({"scope": "core"}, "invalid_scope"),
    "two conferences": ({"scope": f"conference:{'A' * 22} conference:{'B' * 22}"}, "invalid_scope"),
    "the core application": ({"resource": settings.ORIGINS.core}, "invalid_target"),
    "another resource": ({"resource": "https://else.example"}, "invalid_target"),
    "no resource": ({"resource": ...}, "invalid_target"),
    "two resources": ({"resource": [settings.ORIGINS.kmf, settings.ORIGINS.provider]}, "invalid_target"),
    "an assertion twice": ({"client_assertion": ["a", "b"]}, "invalid_request"),
}


@pytest.mark.parametrize(("changes", "code"), WRONG.values(), ids=WRONG.keys())
def test_wrong_requests(room, audited, changes, code):
    answer = room.ask(**changes)
    assert (answer.status_code, answer.json()) == (400, {"error": code})
    assert (AccessToken.objects.count(), Grant.objects.count()) == (0, 0)
    [entry] = audited("token.refused")
    assert entry["details"]["code"] == code


def stranger(room):
    return {"assertion": room.assertion(key=ec.generate_private_key(ec.SECP256R1()))}


def anothers(room):
    other = Room(room.account.organisation, room.conference, address="room-8@weaver.example")
    return {
        "assertion": make_assertion(other.enrolled, client_id=room.account.pk, issuer=settings.ORIGINS.auth, now=timezone.now())
    }


def revoked(room):
    revoke_key(room.key.kid, organisation=room.account.organisation, by="ada@weaver.example", now=timezone.now())
    return {}


def switched_off(room):
    Account.objects.filter(pk=room.account.pk).update(is_active=False)
    return {}


def a_person_now(room):
    Account.objects.filter(pk=room.account.pk).update(kind=Account.Kind.PERSON)
    return {}


CLIENTS = {
    "under a key that nobody enrolled": (stranger, "assertion under an unknown key"),
    "under another device's key": (anothers, "assertion of another iss"),
    "for the token endpoint": (
        lambda room: {"assertion": room.assertion(issuer=f"{settings.ORIGINS.kmf}/token")},
        "assertion of another aud",
    ),
    "too old": (lambda room: {"assertion": room.assertion(now=timezone.now() - timedelta(seconds=61))}, "assertion is expired"),
    "under a revoked key": (revoked, "assertion under a revoked key"),
    "of an account that is switched off": (switched_off, "account is not an active device's"),
    "of an account that is a person's": (a_person_now, "account is not an active device's"),
}


@pytest.mark.parametrize(("make", "reason"), CLIENTS.values(), ids=CLIENTS.keys())
def test_whoever_cannot_show_who_he_is_hears_one_and_the_same(room, audited, make, reason):
    answer = room.ask(**make(room))
    assert (answer.status_code, answer.json()) == (400, {"error": "invalid_client"})
    assert (AccessToken.objects.count(), Grant.objects.count()) == (0, 0)
    assert audited("token.refused")[-1]["details"]["reason"] == reason
    assert EnrolledKey.objects.filter(used_at__isnull=False).count() == 0


def test_an_assertion_is_good_once(room, audited):
    assertion = room.assertion()
    assert room.ask(assertion=assertion).status_code == 200
    again = room.ask(assertion=assertion)
    assert again.json() == {"error": "invalid_client"}
    assert audited("token.refused")[0]["details"]["reason"] == "assertion was used before"
    assert AccessToken.objects.count() == 1


def test_without_a_proof_there_is_no_token(room):
    assert room.ask(proof=None).json() == {"error": "invalid_dpop_proof"}
    assert AccessToken.objects.count() == 0


def test_a_guesser_is_slowed_and_the_device_is_not(room):
    wrong = room.assertion(key=ec.generate_private_key(ec.SECP256R1()))
    assert [room.ask(assertion=wrong).status_code for _ in range(61)] == [400] * 60 + [429]
    assert room.ask().status_code == 200
    assert RateCount.objects.exists()


def test_a_revoked_key_takes_its_tokens_and_grants_along(room, organisation, audited):
    room.ask()
    revoke_key(room.key.kid, organisation=organisation, by="root@weaver.example", now=timezone.now())
    assert AccessToken.objects.count() == 0
    assert Grant.objects.get().revoked_reason == "enrolled key revoked"
    assert audited("authorization.revoked")[0]["actor"] == "root@weaver.example"
    assert audited("device.key_revoked")[0]["details"]["kid"] == room.key.kid


def test_another_key_of_the_device_goes_on(room, organisation):
    second = ec.generate_private_key(ec.SECP256R1())
    typed = read_enrolment(address=room.account.email, name="Room 7", kind="room", key=pem_of(second))
    enrol(typed, organisation=organisation, by="ada", now=timezone.now())
    revoke_key(room.key.kid, organisation=organisation, by="ada", now=timezone.now())
    room.enrolled = second
    assert room.ask().status_code == 200
    assert Grant.objects.get().enrolled_key.kid == key_id(second.public_key())


def test_a_device_does_not_sign_in(room, conference):
    """Not by a password, which it has none of, nor by a session that somebody opened for it."""
    browser = Client(headers={"host": host(settings.ORIGINS.auth)})
    browser.post("/sign-in", {"login": room.account.email, "password": secrets.token_urlsafe(16)})
    assert browser.get("/").status_code == 302
    browser.force_login(room.account)
    answer = OAuthClient(browser, client_id="endpoint", scope=f"conference:{conference.id}").authorize()
    assert "error=access_denied" in answer["Location"]
    assert Grant.objects.count() == 0
