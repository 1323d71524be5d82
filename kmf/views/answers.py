"""Refusals as HTTP answers: one table of codes (docs/protocol.md section 8)."""

from django.http import HttpResponse, JsonResponse

STATUS = {
    "malformed": 400,
    "too_large": 413,
    "invalid_token": 401,
    "invalid_dpop_proof": 401,
    "too_many": 429,
    "unavailable": 503,
}
REFUSED = 403
RETRY_AFTER_S = {"too_many": "60", "unavailable": "2"}


def answer(code: str, *, scheme: str = "Signed") -> HttpResponse:
    """The answer that names ``code`` and nothing else."""
    response = JsonResponse({"error": code}, status=STATUS.get(code, REFUSED))
    response["Cache-Control"] = "no-store"
    if code in RETRY_AFTER_S:
        response["Retry-After"] = RETRY_AFTER_S[code]
    if STATUS.get(code) == 401:  # noqa: PLR2004  RFC 9110: a 401 names its scheme
        response["WWW-Authenticate"] = f'{scheme} error="{code}"'
    return response
