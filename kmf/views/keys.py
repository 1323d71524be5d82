"""``POST {kmf}/keys`` and ``POST {kmf}/conferences/{id}/leave`` (docs/protocol.md section 3)."""

from datetime import UTC, datetime

from django.conf import settings
from django.db import Error as DatabaseError
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from kmf.authorization.services import Presented, spend_proof, verify_proof_only
from kmf.errors import KMFError, KMFUnavailable
from kmf.push.gate import released_key
from kmf.push.threads import for_socket
from kmf.selectors import active_endpoint
from kmf.services.presence import leave as end_stay
from kmf.services.release import ReleasedKey
from kmf.views.answers import answer, refuse, refuse_unknown
from kmf.views.direct import Direct, direct
from protocol.errors import InvalidProof, InvalidToken, Malformed
from protocol.key_request import format_encryption_key


@direct
async def keys(request: Direct) -> HttpResponse:
    """Release the current EKT key to the asking endpoint, in the ``Encryption-Key`` header of an empty answer."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    now = datetime.now(UTC)
    try:
        body = await request.body()
        presented = Presented(
            authorization=request.header(b"authorization"),
            proof=request.header(b"dpop"),
            method="POST",
            url=f"{settings.ORIGINS.kmf}/keys",
            body=body,
            audience=settings.ORIGINS.kmf,
            now=now,
        )
        return _given(await released_key(presented, body))
    except (InvalidToken, InvalidProof) as refusal:
        return await for_socket(refuse_unknown, request.django(), refusal, now)
    except (Malformed, KMFError) as refusal:
        return refuse(refusal)
    except DatabaseError:
        return answer(KMFUnavailable.code)


def _given(released: ReleasedKey) -> HttpResponse:
    response = HttpResponse(status=200)
    response["Content-Length"] = "0"
    response["Cache-Control"] = "no-store"
    response["Encryption-Key"] = format_encryption_key(
        key_id=released.key_id, dh=released.dh, wrapped=released.wrapped, spi=released.spi, ttl_s=released.ttl_s
    )
    return response


@csrf_exempt  # no cookie is read on this origin: nothing to forge
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
            spend_proof(proof)
            end_stay(endpoint_id=endpoint.pk, reason="closed", now=now)
    except (InvalidToken, InvalidProof) as refusal:
        return refuse_unknown(request, refusal, now)
    except (DatabaseError, KMFError):
        return answer(KMFUnavailable.code)
    return HttpResponse(status=204)
