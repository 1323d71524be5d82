"""Orders of the KMF: close a conference, put an endpoint out. The KMF's word is final (DESIGN section 10)."""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import transaction

from protocol import strict_json
from protocol.errors import ProtocolError
from protocol.jws import parse
from protocol.signed_request import SCHEME, TYP, VerifiedRequest, verify_request
from protocol.words import REQUEST_LIMIT_BYTES, check_identifier
from provider.errors import Malformed, NotAuthorized
from provider.models import Eviction, Seat
from provider.services.joining import room_for
from provider.services.kmf_keys import KMF_KEYS
from provider.services.used_proofs import use_once


@dataclass(frozen=True)
class Order:
    """``close`` (pseudonym None) or ``evict``."""

    order: str
    handle: str
    pseudonym: str | None


def take_order(*, authorization: str | None, body: bytes, url: str, now: datetime) -> Order:
    """Verify an order and write what it says; sockets notice by themselves.

    Args:
        authorization: ``Authorization`` header, ``Signed {jwt}``.
        body: exact bytes of the request.
        url: public URL of the request.
        now: UTC time of the request.

    Raises:
        NotAuthorized: not signed by the KMF for this very request, or used before.
        Malformed: the body is not an order.
        Unavailable: the KMF's keys are not known.

    """
    verified = _verify(authorization, body=body, url=url, now=now)
    order = _parse(body)
    with transaction.atomic():
        use_once(signer=verified.kid, jti=verified.jti, expires_at=verified.expires_at, refusal=NotAuthorized)
        _carry_out(order, now=now)
    return order


def _verify(authorization: str | None, *, body: bytes, url: str, now: datetime) -> VerifiedRequest:
    try:
        unverified = parse((authorization or "").removeprefix(SCHEME), typ=TYP, members={"typ", "alg", "kid"})
        key_id = unverified.header["kid"]
        return verify_request(
            authorization,
            keys=KMF_KEYS.keys_for(key_id if isinstance(key_id, str) else None),
            issuer=settings.PROVIDER_KMF_ORIGIN,
            audience=settings.PROVIDER_ORIGIN,
            method="POST",
            url=url,
            body=body,
            now=now,
        )
    except ProtocolError as error:
        raise NotAuthorized(error.reason) from None


def _parse(body: bytes) -> Order:
    try:
        members = strict_json.parse(body, REQUEST_LIMIT_BYTES)
        expected = {"close": {"order", "handle"}, "evict": {"order", "handle", "pseudonym"}}.get(str(members.get("order")))
        if expected is None or members.keys() != expected:
            raise Malformed("not an order")
        handle = check_identifier(members["handle"])
        pseudonym = check_identifier(members["pseudonym"]) if "pseudonym" in members else None
    except ProtocolError:
        raise Malformed("not an order") from None
    return Order(order=members["order"], handle=handle, pseudonym=pseudonym)


def _carry_out(order: Order, *, now: datetime) -> None:
    room = room_for(issuer=settings.PROVIDER_TOKEN_ISSUER, handle=order.handle, now=now)
    seats = Seat.objects.filter(room=room, ended_at__isnull=True)
    if order.pseudonym is None:
        room.closed_at = now
        room.save(update_fields=["closed_at"])
        seats.update(ended_at=now, end_reason="closed")
    else:
        Eviction.objects.update_or_create(room=room, pseudonym=order.pseudonym, defaults={"at": now})
        seats.filter(pseudonym=order.pseudonym).update(ended_at=now, end_reason="evicted")
