"""``POST {kmf}/keys`` and ``POST {kmf}/conferences/{id}/leave`` (docs/protocol.md section 3)."""

from datetime import UTC, datetime

from allauth.account.adapter import get_adapter
from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.db import Error as DatabaseError
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from kmf.authorization.services import verify_proof_only, verify_request
from kmf.errors import KMFError, KMFUnavailable, MessageTooLarge, TooManyMessages
from kmf.selectors import active_endpoint
from kmf.services.presence import leave as end_stay
from kmf.services.refusals import record_refusal
from kmf.services.release import release_ekt_key
from kmf.views.answers import answer
from protocol.errors import InvalidProof, InvalidToken, Malformed, ProtocolError
from protocol.key_request import format_encryption_key, parse_key_request


@csrf_exempt  # no cookie is read on this origin: nothing to forge
@require_POST
def keys(request: HttpRequest) -> HttpResponse:
    """Release the current EKT key to the asking endpoint, in the ``Encryption-Key`` header of an empty answer."""
    now = datetime.now(UTC)
    try:
        verified = verify_request(
            authorization=request.headers.get("Authorization"),
            proof=request.headers.get("DPoP"),
            method="POST",
            url=f"{settings.ORIGINS.kmf}/keys",
            body=request.body,
            audience=settings.ORIGINS.kmf,
            now=now,
        )
        asked = parse_key_request(request.body)
        released = release_ekt_key(verified=verified, request=asked, now=datetime.now(UTC))
    except (InvalidToken, InvalidProof) as refusal:
        return _refused_unknown(request, refusal, now)
    except (Malformed, KMFError) as refusal:
        return _answer(refusal.code)
    except RequestDataTooBig:
        return _answer(MessageTooLarge.code)
    except DatabaseError:
        return _answer(KMFUnavailable.code)
    response = HttpResponse(status=200)
    response["Content-Length"] = "0"
    response["Cache-Control"] = "no-store"
    response["Encryption-Key"] = format_encryption_key(
        key_id=released.key_id, dh=released.dh, wrapped=released.wrapped, spi=released.spi, ttl_s=released.ttl_s
    )
    return response


@csrf_exempt  # as above
@require_POST
def leave(request: HttpRequest, conference_id: str) -> HttpResponse:
    """The endpoint that owns the proof's key has left; the same answer when it had left before."""
    now = datetime.now(UTC)
    try:
        proof = verify_proof_only(
            proof=request.headers.get("DPoP"),
            method="POST",
            url=f"{settings.ORIGINS.kmf}/conferences/{conference_id}/leave",
            now=now,
        )
        endpoint = active_endpoint(conference_id, proof.jkt)
        if endpoint is not None:
            end_stay(endpoint_id=endpoint.pk, reason="closed", now=now)
    except (InvalidToken, InvalidProof) as refusal:
        return _refused_unknown(request, refusal, now)
    except (DatabaseError, KMFError):
        return _answer(KMFUnavailable.code)
    return HttpResponse(status=204)


def _refused_unknown(request: HttpRequest, refusal: ProtocolError, now: datetime) -> HttpResponse:
    address = get_adapter().get_client_ip(request)
    try:
        record_refusal(conference_id=None, where="http", refusal=refusal, address=address, now=now)
    except TooManyMessages as too_many:
        return _answer(too_many.code)
    except DatabaseError:
        return _answer(KMFUnavailable.code)
    return _answer(refusal.code)


def _answer(code: str) -> HttpResponse:
    return answer(code, scheme="DPoP")
