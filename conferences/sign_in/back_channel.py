"""Calls from the core application's server to the authorization server, by its internal address."""

from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import httpx
from cryptography.hazmat.primitives.asymmetric import ec
from django.conf import settings
from django.core.cache import cache
from django.db import connection

from conferences.sign_in.errors import Refused, Unavailable
from conferences.sign_in.pending import Pending, redirect_uri
from protocol import strict_json
from protocol.access_token import AccessToken, verify_access_token
from protocol.dpop import make_proof
from protocol.errors import InvalidToken, Malformed
from protocol.jwks import parse_jwks
from protocol.words import CLIENT_CORE, REQUEST_LIMIT_BYTES

_TIMEOUT_S = 10
_JWKS_CACHED_S = 300
_OK, _SERVER_ERROR = 200, 500


def exchange_code(code: str, pending: Pending, *, now: datetime) -> AccessToken:
    """Exchange ``code`` for the sign-in token, and verify that.

    Raises:
        Refused: the code was refused, or the token does not hold.
        Unavailable: the authorization server does not answer.

    """
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": redirect_uri(),
        "client_id": CLIENT_CORE,
        "code_verifier": pending.verifier,
        "resource": settings.ORIGINS.core,
    }
    proof = make_proof(pending.key, method="POST", url=f"{settings.ORIGINS.kmf}/token", now=now)
    answer = _request("POST", "/token", data=form, headers={"DPoP": proof})
    token = answer.get("access_token")
    if not isinstance(token, str):
        raise Refused("answer without a token")
    return verify(token, now=now)


def verify(token: str, *, now: datetime) -> AccessToken:
    """Verify a token that was given for the core application.

    Raises:
        Refused: it does not hold.
        Unavailable: the issuer's keys cannot be had.

    """
    try:
        return verify_access_token(
            token, keys=issuer_keys(), issuer=settings.ORIGINS.auth, audience=settings.ORIGINS.core, now=now
        )
    except InvalidToken as error:
        raise Refused(error.reason) from None


def issuer_keys() -> dict[str, ec.EllipticCurvePublicKey]:
    """The issuer's public keys by ``kid``; cached for five minutes.

    Raises:
        Unavailable: they cannot be had.

    """
    document = cache.get("issuer-jwks")
    if document is None:
        document = _request("GET", "/jwks")
        cache.set("issuer-jwks", document, timeout=_JWKS_CACHED_S)
    try:
        return parse_jwks(document)
    except Malformed:
        raise Unavailable("keys of the authorization server cannot be read") from None


def _request(method: str, path: str, *, headers: dict[str, str] | None = None, **content: Any) -> dict[str, Any]:
    # The other side of this call wants a database connection of the same pool: holding one here meanwhile could
    # leave every request waiting for another.
    if not connection.in_atomic_block:
        connection.close()
    kmf = urlsplit(settings.ORIGINS.kmf)
    try:
        with httpx.Client(verify=settings.BACK_CHANNEL_TRUST, timeout=_TIMEOUT_S, trust_env=False) as client:
            response = client.request(
                method,
                settings.ORIGINS.internal_trusted + path,
                headers={"Host": kmf.netloc} | (headers or {}),
                extensions={"sni_hostname": kmf.hostname},  # the certificate must be the KMF's, whatever the address
                **content,
            )
        if response.status_code >= _SERVER_ERROR:
            raise Unavailable("authorization server failed")
        if response.status_code != _OK:
            raise Refused("authorization server refused")
        return strict_json.parse(response.content, REQUEST_LIMIT_BYTES)
    except (httpx.HTTPError, Malformed):
        raise Unavailable("authorization server does not answer") from None
