"""Tokens for room systems and services: an assertion under an enrolled key against one DPoP-bound access token.

There is no refresh token: each request carries an assertion of its own. What belongs together, one DPoP key and one conference,
is one grant, which is shown, ended and revoked as a person's is.

Spec: RFC 6749 section 4.4; RFC 7523 section 2.2; RFC 8707; RFC 9449 section 5.
"""

import secrets
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings

from kmf.authorization.errors import TokenRefused
from kmf.authorization.grants import lock_grant, record
from kmf.authorization.keys import signing_key
from kmf.authorization.models import AccessToken, Account, Application, EnrolledKey, Grant
from kmf.authorization.proofs import remember_once
from kmf.authorization.token_claims import claims_for
from kmf.authorization.validator import GRANT_LIFETIME, checksum
from protocol import words
from protocol.access_token import sign_access_token
from protocol.client_assertion import ASSERTION_TYPE, VerifiedAssertion, named_key, verify_assertion
from protocol.dpop import VerifiedProof
from protocol.errors import InvalidProof, InvalidToken, Malformed
from protocol.sign_in import Strength
from protocol.thumbprint import parse_public_jwk

GRANT_TYPE = "client_credentials"
FIELDS = ("client_assertion_type", "client_assertion", "scope")
POSSESSION = "enrolled_key"  # no word of RFC 8176 says it


def give_token(form: dict[str, str], *, resource: str, proof: VerifiedProof, now: datetime) -> dict[str, Any]:
    """Answer a device's token request; call it in a transaction that is kept on refusal.

    Args:
        form: the request's fields, each once.
        resource: the one that it names.
        proof: its verified DPoP proof.
        now: UTC time of the request.

    Returns:
        The JSON answer, without a refresh token.

    Raises:
        TokenRefused: ``invalid_client`` whatever is wrong with the assertion, its key or its account.

    """
    # To give a device a token we must, in this order:
    #   1. find the key that the assertion names enrolled, and not revoked         (AUTH-6)
    #   2. verify the assertion under it, and find it never used before            (AUTH-6)
    #   3. find the account a device's, and switched on
    #   4. find scope and resource among those of devices
    #   5. find or begin the grant of this key, this conference and this DPoP key
    #   6. sign, keep and audit the token

    # (1)
    key = _enrolled_key(form)
    # (2)
    _check_assertion(form, key, now)
    # (3)
    account = key.account
    if not account.is_active or account.kind == Account.Kind.PERSON:
        raise TokenRefused("invalid_client", "account is not an active device's")
    # (4)
    try:
        words.conference_of_scope(form["scope"])
    except Malformed:
        raise TokenRefused("invalid_scope", "not the scope of a conference") from None
    if resource not in device_resources():
        raise TokenRefused("invalid_target", "resource is not for devices")
    # (5)
    grant = _grant(key, form["scope"], proof, now)
    # (6)
    token = _issue(grant, resource, now)
    EnrolledKey.objects.filter(pk=key.pk).update(used_at=now)
    return {
        "access_token": token,
        "token_type": "DPoP",
        "expires_in": words.ACCESS_TOKEN_LIFETIME_S,
        "scope": grant.scope,
    }


def device_resources() -> list[str]:
    """Resources that devices get tokens for: keys and media, not the enterprise's data beside the call."""
    return [settings.ORIGINS.kmf, settings.ORIGINS.provider]


def _enrolled_key(form: dict[str, str]) -> EnrolledKey:
    if form["client_assertion_type"] != ASSERTION_TYPE:
        raise TokenRefused("invalid_client", "assertion of another type")
    try:
        kid = named_key(form["client_assertion"])
    except InvalidToken as refusal:
        raise TokenRefused("invalid_client", refusal.reason) from None
    # Held against whoever revokes it: he waits and finds this grant, or this finds the key revoked.
    rows = EnrolledKey.objects.select_for_update(of=("self",)).select_related("account__organisation")
    key: EnrolledKey | None = rows.filter(kid=kid).first()
    if key is None:
        raise TokenRefused("invalid_client", "assertion under an unknown key")
    if key.revoked_at is not None:
        raise TokenRefused("invalid_client", "assertion under a revoked key")
    return key


def _check_assertion(form: dict[str, str], key: EnrolledKey, now: datetime) -> VerifiedAssertion:
    if form.get("client_id", key.account_id) != key.account_id:
        raise TokenRefused("invalid_client", "key of another client")
    public = parse_public_jwk(key.jwk)
    try:
        verified = verify_assertion(
            form["client_assertion"], keys={key.kid: public}, client_id=key.account_id, issuer=settings.ORIGINS.auth, now=now
        )
        until = verified.expires_at + timedelta(seconds=words.CLOCK_SKEW_S)
        remember_once(signer=key.kid, jti=verified.jti, until=until)
    except InvalidToken as refusal:
        raise TokenRefused("invalid_client", refusal.reason) from None
    except InvalidProof:
        raise TokenRefused("invalid_client", "assertion was used before") from None
    return verified


def _grant(key: EnrolledKey, scope: str, proof: VerifiedProof, now: datetime) -> Grant:
    same = {"user": key.account, "enrolled_key": key, "scope": scope, "dpop_jkt": proof.jkt, "revoked_at": None}
    grant = lock_grant(**same, expires__gt=now)
    if grant is not None:
        return grant
    begun: Grant = Grant.objects.create(
        **same,
        organisation=key.account.organisation,
        application=Application.objects.get(client_id=words.CLIENT_DEVICE),
        code=checksum(secrets.token_urlsafe(32)),  # of no code: nothing redeems it
        code_expires_at=now,
        redeemed_at=now,
        expires=now + GRANT_LIFETIME,
        redirect_uri="",
        resource=device_resources(),
        auth_time=now,
        amr=[POSSESSION],
        acr=Strength.COMPANY.acr,
    )
    details = {"resources": begun.resource, "jkt": proof.jkt, "amr": begun.amr, "kid": key.kid}
    record(event="authorization.granted", grant=begun, now=now, details=details)
    return begun


def _issue(grant: Grant, resource: str, now: datetime) -> str:
    claims, key = claims_for(grant, resource=resource, now=now), signing_key()
    token = sign_access_token(claims, key=key.private, kid=key.kid)
    AccessToken.objects.filter(grant=grant, resource=[resource]).delete()
    AccessToken.objects.create(
        grant=grant,
        user=grant.user,
        application=grant.application,
        token="",
        token_checksum=checksum(token),
        scope=grant.scope,
        resource=[resource],
        expires=now + timedelta(seconds=words.ACCESS_TOKEN_LIFETIME_S),
    )
    record(
        event="token.issued",
        grant=grant,
        now=now,
        details={"audience": resource, "jti": claims["jti"], "jkt": grant.dpop_jkt},
    )
    return token
