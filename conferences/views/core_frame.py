"""``/frame`` and ``/frame/conferences/{id}``: the enterprise's data beside the call, in a frame of the endpoint page.

No session is read here and no cookie set: who may see what, token3 says (docs/protocol.md, *Core frame*).
"""

from csp.decorators import csp_exempt
from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.utils import timezone
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.http import require_safe

from conferences.errors import FrameRefused
from conferences.models import Conference
from conferences.selectors.conferences import invited_participants
from conferences.services.frame_access import frame_conference
from conferences.sign_in.back_channel import verify
from conferences.sign_in.errors import Refused, Unavailable
from protocol.words import TOKEN_LIMIT_BYTES

_STATUS = {"invalid_token": 401, "invalid_dpop_proof": 401, "unavailable": 503}
_REFUSED = 403
_NOTHING = ("camera", "microphone", "display-capture", "geolocation", "fullscreen", "clipboard-read", "publickey-credentials-get")


@csp_exempt()
@xframe_options_exempt
@require_safe
def core_frame(_request: HttpRequest) -> HttpResponse:
    """The frame's document: the same for everybody, framed by the endpoint page alone."""
    response = HttpResponse(render_to_string("conferences/frame.html", {"kmf": settings.ORIGINS.kmf}))
    response["Content-Security-Policy"] = frame_policy()
    response["Permissions-Policy"] = ", ".join(f"{name}=()" for name in _NOTHING)
    response["Referrer-Policy"] = "no-referrer"
    response["Cache-Control"] = "no-store"
    return response


@csp_exempt()  # type: ignore[arg-type]  # csp's types know only views without further arguments
@require_safe
def frame_data(request: HttpRequest, conference_id: str) -> HttpResponse:
    """Title, times and invitations of the token's own conference."""
    now = timezone.now()
    scheme, _, text = request.headers.get("Authorization", "").partition(" ")
    if scheme != "DPoP" or not text or len(text) > TOKEN_LIMIT_BYTES:
        return _answer({"error": "invalid_token"}, status=401)
    try:
        token = verify(text, now=now)
        proof = request.headers.get("DPoP", "")[: TOKEN_LIMIT_BYTES + 1]
        found = frame_conference(text=text, token=token, proof=proof, path=request.path, conference_id=conference_id, now=now)
    except Refused:
        return _answer({"error": "invalid_token"}, status=401)
    except Unavailable:
        return _answer({"error": "unavailable"}, status=503)
    except FrameRefused as refusal:
        return _answer({"error": refusal.code}, status=_STATUS.get(refusal.code, _REFUSED))
    return _answer(_document(found), status=200)


def frame_policy() -> str:
    """Content security policy of the frame."""
    directives = (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "connect-src 'self'",
        f"frame-ancestors {settings.ORIGINS.kmf}",
        "form-action 'none'",
        "base-uri 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )
    return "; ".join(directives)


def _document(found: Conference) -> dict[str, object]:
    invited = [person for person in invited_participants(found) if person.withdrawn_at is None]
    return {
        "title": found.title,
        "starts_at": int(found.starts_at.timestamp()),
        "ends_at": int(found.scheduled_end_at.timestamp()),
        "initiator": found.initiator_name,
        "invited": [
            {
                "name": person.name or person.identity,
                "identity": person.identity,
                "role": person.role,
                "kind": person.kind,
                "invited_by": person.invited_by,
            }
            for person in invited
        ],
    }


def _answer(content: dict[str, object], *, status: int) -> HttpResponse:
    response = JsonResponse(content, status=status)
    response["Cache-Control"] = "no-store"
    response["Content-Security-Policy"] = "default-src 'none'; frame-ancestors 'none'"
    return response
