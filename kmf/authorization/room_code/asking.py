"""The screen's side: it asks for a code, shows it, and asks for its tokens until somebody has decided.

Spec: RFC 8628 sections 3.1, 3.2, 3.4, 3.5; RFC 9449 section 5: all of it under one DPoP key.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import parse_qsl

from django.conf import settings
from django.db import IntegrityError, transaction

from kmf.authorization import limits
from kmf.authorization.device_tokens import device_resources
from kmf.authorization.errors import DecisionPending, TokenRefused
from kmf.authorization.grants import lock_grant
from kmf.authorization.models import RoomCode
from kmf.authorization.proofs import accept_proof
from kmf.authorization.validator import Validator, checksum
from protocol import words
from protocol.dpop import VerifiedProof
from protocol.errors import Malformed

GRANT_TYPE: Final = "urn:ietf:params:oauth:grant-type:device_code"
FIELDS: Final = ("device_code", "client_id")
LIFETIME: Final = timedelta(minutes=10)
INTERVAL: Final = timedelta(seconds=3)
_LETTERS = "BCDFGHJKLMNPQRSTVWXZ"  # no vowels: no words; nothing that is mistaken for another (RFC 8628 section 6.1)
_CODE_LENGTH = 8
_SECRET_BYTES = 32
_FIELDS_MAX = 20


@dataclass(frozen=True)
class Given:
    """What a screen is given: a secret of its own and the code that it shows."""

    device_code: str
    user_code: str


def begin(body: bytes, *, proof: str | None, network: str, now: datetime) -> Given:
    """Answer a device authorization request.

    Args:
        body: the request's form, as it came.
        proof: value of the ``DPoP`` header.
        network: where it came from: counted, and shown to whoever enters the code.
        now: UTC time of the request.

    Raises:
        TokenRefused: the form is not of the endpoint page.
        InvalidProof: the proof is none of this request.
        TooManyAttempts: so many screens asked from there.

    """
    verified = accept_proof(proof, method="POST", url=f"{settings.ORIGINS.kmf}/device-authorization", now=now)
    scope = _read_scope(body)
    limits.count(limits.ROOM_CODES_ASKED, network, now=now)
    fields = {"scope": scope, "dpop_jkt": verified.jkt, "network": network[:64], "asked_at": now, "expires_at": now + LIFETIME}
    for _ in range(5):
        given = Given(secrets.token_urlsafe(_SECRET_BYTES), "".join(secrets.choice(_LETTERS) for _ in range(_CODE_LENGTH)))
        try:
            with transaction.atomic():
                RoomCode.objects.create(device_code=checksum(given.device_code), user_code=given.user_code, **fields)
        except IntegrityError:
            continue
        return given
    raise RuntimeError("no code is free")


def _read_scope(body: bytes) -> str:
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=_FIELDS_MAX)
        form = dict(pairs)
        if len(form) != len(pairs) or form.get("client_id") != words.CLIENT_ENDPOINT:
            raise TokenRefused("invalid_request", "not a request of the endpoint page")
        words.conference_of_scope(form.get("scope", ""))
    except (ValueError, Malformed):
        raise TokenRefused("invalid_scope", "not the scope of a conference") from None
    return form["scope"]


def give_tokens(form: dict[str, str], *, resource: str, proof: VerifiedProof, now: datetime) -> dict[str, Any]:
    """Answer a screen that asks for its tokens; call it in a transaction that is kept on refusal.

    Raises:
        DecisionPending: nobody has decided yet, or it asks too often.
        TokenRefused: ``access_denied``, ``expired_token``, ``invalid_grant``.

    """
    code = RoomCode.objects.select_for_update(of=("self",)).filter(device_code=checksum(form["device_code"])).first()
    if code is None or form["client_id"] != words.CLIENT_ENDPOINT or code.dpop_jkt != proof.jkt:
        raise TokenRefused("invalid_grant", "unknown device code, or of another key")
    if code.expires_at <= now:
        raise TokenRefused("expired_token", "nobody entered the code in time")
    if code.declined_at is not None:
        raise TokenRefused("access_denied", "declined by the person")
    if code.grant_id is None:
        too_soon = now - code.asked_at < INTERVAL / 2
        RoomCode.objects.filter(pk=code.pk).update(asked_at=now)
        raise DecisionPending("slow_down" if too_soon else "authorization_pending")
    return _redeem(code, resource, proof, now)


def _redeem(code: RoomCode, resource: str, proof: VerifiedProof, now: datetime) -> dict[str, Any]:
    grant = lock_grant(pk=code.grant_id)
    if grant is None or grant.revoked_at is not None or grant.redeemed_at is not None:
        raise TokenRefused("invalid_grant", "device code was used before", grant)
    if not grant.user.is_active:
        raise TokenRefused("invalid_grant", "account is not active", grant)
    if resource not in device_resources():
        raise TokenRefused("invalid_target", "resource is not for devices", grant)
    validator = Validator(now=now, proof=proof, resource=resource)
    return validator.redeem(grant)
