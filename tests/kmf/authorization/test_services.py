"""What the KMF is told about a request."""

import json
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from django.conf import settings
from django.utils import timezone

from kmf.authorization import services
from kmf.authorization.cleaning import clean
from kmf.authorization.grants import revoke_grants_of, revoked_thumbprints
from kmf.authorization.keys import signing_key
from kmf.authorization.models import AccessToken, Grant, UsedProof
from protocol import base64url
from protocol.access_token import sign_access_token
from protocol.errors import InvalidProof, InvalidToken
from protocol.jwks import key_id
from protocol.thumbprint import public_jwk, thumbprint

STRANGER = ec.generate_private_key(ec.SECP256R1())
BODY = b'{"conference": "x"}'


@pytest.fixture
def url():
    return f"{settings.ORIGINS.kmf}/keys"


@pytest.fixture
def ask(endpoint_client, url):
    """Ask as the endpoint would; each argument can be changed."""

    def call(token, *, authorization=None, proof=None, body=BODY, audience=None, now=None):
        made = proof or endpoint_client.proof(url=url, access_token=token, body=BODY)
        return services.verify_request(
            authorization=authorization or f"DPoP {token}",
            proof=made,
            method="POST",
            url=url,
            body=body,
            audience=audience or settings.ORIGINS.kmf,
            now=now or timezone.now(),
        )

    return call


def test_a_whole_request(endpoint_client, ask, ada, conference, django_assert_num_queries):
    token = endpoint_client.tokens()["access_token"]
    with django_assert_num_queries(2):
        found = ask(token)
    assert found.account == ada
    assert found.token.claims["conference"] == conference.id
    assert found.proof.jkt == endpoint_client.jkt
    assert UsedProof.objects.filter(jkt=endpoint_client.jkt, jti=found.proof.jti).exists()


def test_a_request_is_taken_once(endpoint_client, ask, url):
    token = endpoint_client.tokens()["access_token"]
    proof = endpoint_client.proof(url=url, access_token=token, body=BODY)
    ask(token, proof=proof)
    with pytest.raises(InvalidProof, match="used before"):
        ask(token, proof=proof)


def test_the_same_jti_under_another_key_is_another_proof(endpoint_client, db):
    now = timezone.now()
    for key in (endpoint_client.key, STRANGER):
        jkt = thumbprint(public_jwk(key.public_key()))
        proof = services.verify_proof_only(
            proof=endpoint_client.proof(key=key, url="http://a/leave"), method="POST", url="http://a/leave", now=now
        )
        assert proof.jkt == jkt
        assert UsedProof.objects.filter(jkt=jkt).count() == 0  # nobody's yet
        services.spend_proof(proof)
        with pytest.raises(InvalidProof, match="used before"):
            services.spend_proof(proof)
    assert UsedProof.objects.count() == 2


@pytest.mark.parametrize(
    "authorization", [None, "", "DPoP", "DPoP ", "Bearer {token}", "{token}", "DPoP {token} ", "DPoP  {token}", "Basic YTpi"]
)
def test_a_token_is_presented_as_dpop(endpoint_client, ask, authorization, url):
    token = endpoint_client.tokens()["access_token"]
    before = UsedProof.objects.count()
    with pytest.raises(InvalidToken):
        services.verify_request(
            authorization=authorization.format(token=token) if authorization else authorization,
            proof=endpoint_client.proof(url=url, access_token=token, body=BODY),
            method="POST",
            url=url,
            body=BODY,
            audience=settings.ORIGINS.kmf,
            now=timezone.now(),
        )
    assert UsedProof.objects.count() == before


@pytest.mark.parametrize("resource", ["provider", "core"])
def test_token2_and_token3_open_nothing_here(endpoint_client, ask, resource):
    token = endpoint_client.tokens(getattr(settings.ORIGINS, resource))["access_token"]
    with pytest.raises(InvalidToken, match="another audience"):
        ask(token)


def test_token1_opens_nothing_at_the_others(endpoint_client, ask):
    token = endpoint_client.tokens()["access_token"]
    for audience in (settings.ORIGINS.provider, settings.ORIGINS.core):
        with pytest.raises(InvalidToken, match="another audience"):
            ask(token, audience=audience)


def test_a_stolen_token_is_nothing_without_the_key(endpoint_client, ask, url):
    token = endpoint_client.tokens()["access_token"]
    proof = endpoint_client.proof(key=STRANGER, url=url, access_token=token, body=BODY)
    with pytest.raises(InvalidProof, match="another key"):
        ask(token, proof=proof)


def test_another_body_than_was_signed(endpoint_client, ask):
    with pytest.raises(InvalidProof, match="kah"):
        ask(endpoint_client.tokens()["access_token"], body=BODY + b" ")


def test_a_token_ends_after_five_minutes(endpoint_client, ask, url):
    token = endpoint_client.tokens()["access_token"]
    later = timezone.now() + timedelta(seconds=301)
    with pytest.raises(InvalidToken, match="expired"):
        ask(token, now=later, proof=endpoint_client.proof(url=url, access_token=token, body=BODY, now=later))


def test_a_replaced_token_is_over(endpoint_client, ask):
    answer = endpoint_client.tokens()
    renewed = endpoint_client.refresh(answer["refresh_token"]).json()
    with pytest.raises(InvalidToken, match="replaced or revoked"):
        ask(answer["access_token"])
    assert ask(renewed["access_token"]).proof.jkt == endpoint_client.jkt


def test_a_token_lives_on_when_another_resource_is_refreshed(endpoint_client, ask):
    answer = endpoint_client.tokens()
    endpoint_client.refresh(answer["refresh_token"], resource=settings.ORIGINS.provider)
    assert ask(answer["access_token"]).proof.jkt == endpoint_client.jkt


@pytest.mark.parametrize("how", ["account switched off", "grant revoked", "grant over", "code used twice"])
def test_revocation_counts_at_once(endpoint_client, ask, ada, how):
    code = endpoint_client.code()
    token = endpoint_client.redeem(code).json()["access_token"]
    assert revoked_thumbprints([endpoint_client.jkt]) == set()
    if how == "account switched off":
        ada.is_active = False
        ada.save()
    elif how == "grant revoked":
        assert revoke_grants_of(ada, reason="by the account", now=timezone.now()) == 1
    elif how == "grant over":
        Grant.objects.update(expires=timezone.now())
    else:
        endpoint_client.redeem(code)
    before = UsedProof.objects.count()
    with pytest.raises(InvalidToken):
        ask(token)
    assert UsedProof.objects.count() == before
    revoked = how in ("grant revoked", "code used twice")  # the others end in the sweep by their own rows
    assert revoked_thumbprints([endpoint_client.jkt]) == ({(endpoint_client.jkt, ada.pk)} if revoked else set())


def test_a_token_of_a_forger_with_a_key_of_his_own(endpoint_client, ask):
    real = endpoint_client.tokens()["access_token"]
    claims = json.loads(base64url.decode(real.split(".")[1]))
    with pytest.raises(InvalidToken, match="unknown signing key"):
        ask(sign_access_token(claims, key=STRANGER, kid=key_id(STRANGER.public_key())))
    with pytest.raises(InvalidToken, match="signature"):
        ask(sign_access_token(claims, key=STRANGER, kid=signing_key().kid))


def test_cleaning_forgets_only_what_is_over(endpoint_client, ask):
    token = endpoint_client.tokens()["access_token"]
    now = timezone.now()
    clean(now)
    assert ask(token).proof.jkt == endpoint_client.jkt
    clean(now + timedelta(seconds=400))
    assert (UsedProof.objects.count(), AccessToken.objects.count(), Grant.objects.count()) == (0, 0, 1)
    clean(now + timedelta(hours=37))
    assert Grant.objects.count() == 0
