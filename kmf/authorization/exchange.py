"""Token requests: a code or a refresh token against one access token for one resource (docs/protocol.md section 2)."""

import json
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode

from django.conf import settings
from django.db import transaction
from oauthlib.oauth2.rfc6749.errors import OAuth2Error

from conferences.services import audit
from kmf.authorization import device_tokens, grants, limits, server
from kmf.authorization.errors import DecisionPending, TokenRefused
from kmf.authorization.proofs import accept_proof
from kmf.authorization.room_code import asking
from kmf.authorization.validator import Validator
from protocol.dpop import VerifiedProof
from protocol.errors import InvalidProof, NonceNeeded

_OK = 200
_FIELDS_MAX = 20
_REQUIRED = {
    "authorization_code": ("code", "redirect_uri", "client_id", "code_verifier"),
    "refresh_token": ("refresh_token", "client_id"),
    device_tokens.GRANT_TYPE: device_tokens.FIELDS,
    asking.GRANT_TYPE: asking.FIELDS,
}


def exchange(body: bytes, *, proof: str | None, address: str, now: datetime) -> dict[str, Any]:
    """Answer a token request.

    Args:
        body: the request's form, as it came.
        proof: value of the ``DPoP`` header.
        address: where it came from; its refusals are counted.
        now: UTC time of the request.

    Returns:
        The JSON answer: ``access_token``, ``token_type``, ``expires_in``, ``refresh_token`` (not to devices), ``scope``.

    Raises:
        DecisionPending: a screen waits for somebody to enter its code.
        TokenRefused: with code and precise reason; audited. What a replay revokes stays revoked.
        InvalidProof: audited likewise.
        NonceNeeded: neither audited nor counted.
        TooManyAttempts: refused, as so often from this address: not audited. What a replay revokes stays revoked.

    """
    try:
        # (1) the proof: whoever sends this holds the key
        verified = accept_proof(proof, method="POST", url=f"{settings.ORIGINS.kmf}/token", now=now)
        # (2) the form: one reading, one resource
        form, resource = _read_form(body)
    except NonceNeeded:
        raise  # a step of the protocol, not a refusal: who comes back with the nonce was never refused
    except (TokenRefused, InvalidProof) as refusal:
        limits.count(limits.TOKEN_REFUSALS, address, now=now)
        with transaction.atomic():
            _record_refusal(refusal, now)
        raise
    # (3) grant, client, PKCE, resource, invitation, tokens, audit: one transaction, kept on refusal too
    with transaction.atomic():
        try:
            return _exchange(form, resource, verified, now)
        except (TokenRefused, DecisionPending) as error:
            refused = error
    if isinstance(refused, DecisionPending):
        raise refused  # no refusal: neither counted nor audited
    limits.count(limits.TOKEN_REFUSALS, address, now=now)
    with transaction.atomic():
        _record_refusal(refused, now)
    raise refused


def _exchange(form: dict[str, str], resource: str, proof: VerifiedProof, now: datetime) -> dict[str, Any]:
    if form["grant_type"] == device_tokens.GRANT_TYPE:
        return device_tokens.give_token(form, resource=resource, proof=proof, now=now)
    if form["grant_type"] == asking.GRANT_TYPE:
        return asking.give_tokens(form, resource=resource, proof=proof, now=now)
    validator = Validator(now=now, proof=proof, resource=resource)
    try:
        _headers, answer, status = server.build(validator).create_token_response(
            f"{settings.ORIGINS.kmf}/token", body=urlencode(form)
        )
    except OAuth2Error as error:
        raise TokenRefused(error.error, _reason(error.description), validator.grant) from None
    content: dict[str, Any] = json.loads(answer)
    if status != _OK:
        raise TokenRefused(content["error"], _reason(content.get("error_description")), validator.grant)
    return content


def _read_form(body: bytes) -> tuple[dict[str, str], str]:
    try:
        text = body.decode("ascii")
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=_FIELDS_MAX)
    except ValueError:
        raise TokenRefused("invalid_request", "form cannot be read") from None
    resources = [value for name, value in pairs if name == "resource"]
    form = {name: value for name, value in pairs if name != "resource"}
    if len(form) + len(resources) != len(pairs):
        raise TokenRefused("invalid_request", "parameter twice")
    required = _REQUIRED.get(form.get("grant_type", ""))
    if required is None:
        raise TokenRefused("unsupported_grant_type", "unknown grant type")
    if not all(form.get(name) for name in required):
        raise TokenRefused("invalid_request", "parameter is missing")
    if len(resources) != 1:
        raise TokenRefused("invalid_target", "not exactly one resource")
    known = {name: form[name] for name in ("grant_type", "scope", "client_id", *required) if name in form}
    return known, resources[0]


def _reason(description: str | None) -> str:
    # The OAuth server's own fixed texts, without input.
    return f"OAuth server: {description}" if description else "refused by the OAuth server"


def _record_refusal(refusal: TokenRefused | InvalidProof, now: datetime) -> None:
    grant = getattr(refusal, "grant", None)
    details = {"code": refusal.code, "reason": refusal.reason}
    if grant is not None:
        grants.record(event="token.refused", grant=grant, now=now, details=details)
    else:
        audit.record(event="token.refused", at=now, actor="unknown", details=details)
