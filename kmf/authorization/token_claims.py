"""What each access token says: token1, token2, token3 and the sign-in token (docs/protocol.md section 2)."""

import secrets
from datetime import datetime
from typing import Any

from django.conf import settings

from kmf.authorization.errors import TokenRefused
from kmf.authorization.grants import conference_id_of, invitation_of
from kmf.authorization.models import Grant
from protocol.words import ACCESS_TOKEN_LIFETIME_S, CLIENT_CORE, CLIENT_ENDPOINT

_JTI_BYTES = 16


def claims_for(grant: Grant, *, resource: str, now: datetime) -> dict[str, Any]:
    """Claims of the access token for ``resource``, one of the grant's.

    Raises:
        TokenRefused: ``access_denied``, for token2 and token3 where the account has no way into the conference now.

    """
    issued_at = int(now.timestamp())
    common = {
        "iss": settings.ORIGINS.auth,
        "aud": resource,
        "client_id": grant.application.client_id,
        "iat": issued_at,
        "exp": issued_at + ACCESS_TOKEN_LIFETIME_S,
        "jti": secrets.token_urlsafe(_JTI_BYTES),
        "cnf": {"jkt": grant.dpop_jkt},
    }
    return {**common, **_particular(grant, resource, now)}


def _particular(grant: Grant, resource: str, now: datetime) -> dict[str, Any]:
    if grant.application.client_id == CLIENT_CORE:
        return {**_signed_in(grant), **_profile(grant), **_confirmed(grant)}
    if resource == settings.ORIGINS.kmf:
        # Given to whoever is signed in: whether he is invited, the key request answers, alike for every conference.
        return {**_signed_in(grant), "conference": conference_id_of(grant)}
    participant = invitation_of(grant, now=now)
    if participant is None:
        raise TokenRefused("access_denied", "no way into the conference at this moment", grant)
    if resource == settings.ORIGINS.provider:
        # Nothing by which the provider could tell who this is, or that he was in another conference.
        # All look alike to it, room systems and recorders too.
        return {"sub": participant.pseudonym, "handle": participant.conference.handle, "client_id": CLIENT_ENDPOINT}
    # By the identity the core application looks up, at each use, whether he is still invited.
    return {**_signed_in(grant), "conference": participant.conference.pk, "identity": participant.identity}


def _signed_in(grant: Grant) -> dict[str, Any]:
    signed_in_at = int(grant.auth_time.timestamp())
    return {"sub": grant.user.pk, "auth_time": signed_in_at, "amr": list(grant.amr), "acr": grant.acr}


def _confirmed(grant: Grant) -> dict[str, Any]:
    """The action that the person confirmed, the same that he was shown (RFC 9396 section 7)."""
    return {"authorization_details": grant.authorization_details} if grant.authorization_details else {}


def _profile(grant: Grant) -> dict[str, Any]:
    account = grant.user
    session = {"session": grant.company_session_id} if grant.company_session_id else {}
    return {
        "email": account.email,
        "name": account.name,
        "roles": account.roles,
        "organisation": account.organisation.slug,
        "generation": account.session_generation,
        **session,
    }
