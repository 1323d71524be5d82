"""Letting an endpoint join: token2 and proof in, a seat and a one-time ticket out (DESIGN section 10)."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from protocol import base64url
from protocol.access_token import AccessToken, verify_access_token
from protocol.dpop import VerifiedProof, verify_proof
from protocol.errors import InvalidProof, ProtocolError
from protocol.jws import parse
from protocol.words import CLOCK_SKEW_S, IDENTIFIER_BYTES, check_identifier
from provider.errors import Ended, InvalidDPoPProof, NotAuthorized, TooMany
from provider.models import Eviction, Room, Seat
from provider.selectors import joins_since
from provider.services.kmf_keys import KMF_KEYS
from provider.services.used_proofs import use_once

TICKET_LIFETIME_S = 30
JOINS_PER_MINUTE = 20
SECRET_BYTES = 32
SCHEME = "DPoP "


@dataclass(frozen=True)
class Joined:
    """What the endpoint gets: the ticket opens one socket within 30 s. It is not kept here, only its hash."""

    seat: Seat
    ticket: str


def join_conference(*, handle: str, authorization: str | None, proof: str | None, url: str, now: datetime) -> Joined:
    """Give the presenter of token2 a seat in the conference ``handle``.

    Args:
        handle: from the URL.
        authorization: ``Authorization`` header.
        proof: ``DPoP`` header.
        url: public URL of the request.
        now: UTC time of the request.

    Raises:
        NotAuthorized: token or proof refused.
        Ended: closed, or put out, since the token was issued.
        TooMany: this participant joins too often.
        Unavailable: the KMF's keys are not known.

    """
    # To seat an endpoint we must, in this order:
    #   1. verify the token, offline, and that it is for this conference
    #   2. verify that its owner sends it, now and for this URL
    #   3. find that he does not join too often, while nobody else changes the room
    #   4. use the proof up
    #   5. find neither the conference closed nor the participant put out since the token was issued

    # (1)
    token = _verify_token(authorization, now=now)
    if token.claims.get("handle") != handle:
        raise NotAuthorized("token for another conference")
    # (2)
    verified = _verify_proof(proof, token=token, raw=(authorization or "").removeprefix(SCHEME), url=url, now=now)
    return _seat(token=token, proof=verified, handle=handle, now=now)


def _verify_token(authorization: str | None, *, now: datetime) -> AccessToken:
    if authorization is None or not authorization.startswith(SCHEME):
        raise NotAuthorized("no token")
    text = authorization.removeprefix(SCHEME)
    try:
        key_id = parse(text, typ="at+jwt", members={"typ", "alg", "kid"}).header["kid"]
        keys = KMF_KEYS.keys_for(key_id if isinstance(key_id, str) else None)
        token = verify_access_token(
            text, keys=keys, issuer=settings.PROVIDER_TOKEN_ISSUER, audience=settings.PROVIDER_ORIGIN, now=now
        )
        check_identifier(token.subject)
    except ProtocolError as error:
        raise NotAuthorized(error.reason) from None
    return token


def _verify_proof(proof: str | None, *, token: AccessToken, raw: str, url: str, now: datetime) -> VerifiedProof:
    if proof is None:
        raise InvalidDPoPProof("no proof")
    try:
        return verify_proof(proof, method="POST", url=url, now=now, access_token=raw, jkt=token.jkt, body=None)
    except InvalidProof as error:
        raise InvalidDPoPProof(error.reason) from None


@transaction.atomic
def _seat(*, token: AccessToken, proof: VerifiedProof, handle: str, now: datetime) -> Joined:
    # (3)
    room = room_for(issuer=token.issuer, handle=handle, now=now)
    if joins_since(pseudonym=token.subject, now=now, seconds=60) >= JOINS_PER_MINUTE:
        raise TooMany("too many joins of one participant", retry_after_s=60)
    # (4)
    expires_at = proof.issued_at + timedelta(seconds=2 * CLOCK_SKEW_S)
    use_once(signer=proof.jkt, jti=proof.jti, expires_at=expires_at, refusal=InvalidDPoPProof)
    # (5)
    # Times of tokens are whole seconds: one issued in the very second of the order counts as issued before it.
    if room.closed_at is not None and token.issued_at <= room.closed_at:
        raise Ended("the conference was closed")
    if Eviction.objects.filter(room=room, pseudonym=token.subject, at__gte=token.issued_at).exists():
        raise Ended("the participant was put out")
    ticket = secrets.token_urlsafe(SECRET_BYTES)
    seat = Seat.objects.create(
        room=room,
        pseudonym=token.subject,
        feed=base64url.encode(secrets.token_bytes(IDENTIFIER_BYTES)),
        mdd_token=secrets.token_urlsafe(SECRET_BYTES),
        ticket=ticket_hash(ticket),
        ticket_expires_at=now + timedelta(seconds=TICKET_LIFETIME_S),
        joined_at=now,
    )
    return Joined(seat=seat, ticket=ticket)


def room_for(*, issuer: str, handle: str, now: datetime) -> Room:
    """The room of a conference, made when it is first named; its row stays locked until the transaction ends."""
    Room.objects.get_or_create(issuer=issuer, handle=handle, defaults={"created_at": now})
    return Room.objects.select_for_update().get(issuer=issuer, handle=handle)


def ticket_hash(ticket: str) -> str:
    """How a ticket is kept: hex SHA-256."""
    return hashlib.sha256(ticket.encode()).hexdigest()
