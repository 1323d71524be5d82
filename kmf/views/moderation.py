"""``POST {kmf}/conferences/{id}/moderation``: the initiator's orders (docs/protocol.md section 3)."""

from datetime import UTC, datetime

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.db import Error as DatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from kmf.authorization.services import verify_request
from kmf.errors import KMFError, KMFUnavailable, MessageTooLarge
from kmf.services.moderation import Door, moderate
from kmf.views.answers import answer, refuse, refuse_unknown
from protocol.errors import InvalidProof, InvalidToken, Malformed
from protocol.moderation import parse_order


@csrf_exempt  # no cookie is read on this origin: nothing to forge
@require_POST
def moderation(request: HttpRequest, conference_id: str) -> HttpResponse:
    """Carry out one order; the answer shows who waits, who is kept out, and the lock."""
    now = datetime.now(UTC)
    try:
        verified = verify_request(
            authorization=request.headers.get("Authorization"),
            proof=request.headers.get("DPoP"),
            method="POST",
            url=f"{settings.ORIGINS.kmf}/conferences/{conference_id}/moderation",
            body=request.body,
            audience=settings.ORIGINS.kmf,
            now=now,
        )
        order = parse_order(request.body)
        door = moderate(verified=verified, conference_id=conference_id, order=order, now=datetime.now(UTC))
    except (InvalidToken, InvalidProof) as refusal:
        return refuse_unknown(request, refusal, now)
    except (Malformed, KMFError) as refusal:
        return refuse(refusal)
    except RequestDataTooBig:
        return answer(MessageTooLarge.code)
    except DatabaseError:
        return answer(KMFUnavailable.code)
    response = JsonResponse(_members(door))
    response["Cache-Control"] = "no-store"
    return response


def _members(door: Door) -> dict[str, object]:
    waiting = [
        {
            "identity": row.participant.identity,
            "name": row.name,
            "verified_by": row.verified_by,
            "since": int(row.since.timestamp()),
            "removed": row.participant.removed_at is not None,
        }
        for row in door.waiting
    ]
    kept_out = [{"identity": row.identity, "name": row.name, "banned": row.is_banned} for row in door.kept_out]
    return {
        "admission": door.conference.admission,
        "locked": door.conference.locked_at is not None,
        "waiting": waiting,
        "kept_out": kept_out,
    }
