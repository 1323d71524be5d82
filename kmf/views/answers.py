"""Refusals over HTTP: one table of codes, one form of the body (docs/protocol.md section 8)."""

from datetime import datetime

from django.db import Error as DatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse

from kmf.authorization.addresses import client_network
from kmf.authorization.proofs import fresh_nonce
from kmf.errors import KMFError, KMFUnavailable, TooManyMessages, Waits, WeakSignIn
from kmf.services.refusals import record_refusal
from protocol.errors import Malformed, NonceNeeded, ProtocolError

STATUS = {
    "malformed": 400,
    "too_large": 413,
    "invalid_token": 401,
    "invalid_dpop_proof": 401,
    "use_dpop_nonce": 401,
    "too_many": 429,
    "unavailable": 503,
}
REFUSED = 403
RETRY_AFTER_S = {"too_many": 60, "unavailable": 2}


def refuse(refusal: Malformed | KMFError) -> HttpResponse:
    """Answer a refusal: its code, when to ask again, how somebody who waits is seen, and how to sign in."""
    members: dict[str, object] = {}
    if isinstance(refusal, Waits):
        members["name"] = refusal.name
    if isinstance(refusal, WeakSignIn):
        members |= {"acr_values": refusal.acr, "max_age": refusal.max_age_s}
    return answer(refusal.code, retry_after_s=getattr(refusal, "retry_after_s", None), members=members)


def refuse_unknown(
    request: HttpRequest, refusal: ProtocolError, now: datetime, *, where: str = "http", scheme: str = "DPoP"
) -> HttpResponse:
    """Answer a request of nobody known, and audit it with its precise reason; one that only lacks a nonce is no refusal."""
    if isinstance(refusal, NonceNeeded):
        response = answer(refusal.code, scheme=scheme)
        response["DPoP-Nonce"] = fresh_nonce(now)
        return response
    try:
        record_refusal(conference_id=None, where=where, refusal=refusal, address=client_network(request), now=now)
    except TooManyMessages as too_many:
        return answer(too_many.code)
    except DatabaseError:
        return answer(KMFUnavailable.code)
    return answer(refusal.code, scheme=scheme)


def answer(
    code: str, *, retry_after_s: int | None = None, members: dict[str, object] | None = None, scheme: str = "DPoP"
) -> HttpResponse:
    """``{"error": code}`` with the status that belongs to it."""
    retry_after_s = retry_after_s or RETRY_AFTER_S.get(code)
    body: dict[str, object] = {"error": code, **(members or {})}
    if retry_after_s is not None:
        body["retry_after"] = retry_after_s
    response = JsonResponse(body, status=STATUS.get(code, REFUSED))
    response["Cache-Control"] = "no-store"
    if retry_after_s is not None:
        response["Retry-After"] = str(retry_after_s)
    if STATUS.get(code) == 401:  # noqa: PLR2004  RFC 9110: a 401 names its scheme
        response["WWW-Authenticate"] = f'{scheme} error="{code}"'
    return response
