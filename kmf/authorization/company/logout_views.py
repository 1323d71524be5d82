"""``POST {auth}/sign-in/with/{provider}/logout``: the company's provider says who signed out there. No cookie counts here."""

from urllib.parse import parse_qsl

from django.conf import settings
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from conferences.services import audit
from kmf.authorization import limits
from kmf.authorization.addresses import client_network
from kmf.authorization.company.configuration import CompanyProvider
from kmf.authorization.company.errors import CompanyRefused
from kmf.authorization.company.logout import log_out
from kmf.authorization.errors import TooManyAttempts
from protocol.words import REQUEST_LIMIT_BYTES

_FORM = "application/x-www-form-urlencoded"
_REFUSED, _TOO_MANY, _AWAY = 400, 429, 503
_AGAIN_S = 30
_FIELDS_MAX = 20


@csrf_exempt
@require_POST
def back_channel_logout(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Take a logout token. Every one that does not hold gets the same answer; the reason is in the audit."""
    provider = next((one for one in settings.COMPANY_PROVIDERS if one.name == provider_id), None)
    if provider is None:
        raise Http404
    try:
        log_out(provider, _token(request), now=timezone.now())
    except CompanyRefused as refusal:
        return _refused(request, provider, refusal)
    return _uncached(HttpResponse(status=200))


def _token(request: HttpRequest) -> str:
    body = request.read(REQUEST_LIMIT_BYTES + 1)
    if request.content_type != _FORM or len(body) > REQUEST_LIMIT_BYTES:
        raise CompanyRefused("failed", "logout token: not a form of ours")
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=_FIELDS_MAX)
    except ValueError:
        raise CompanyRefused("failed", "logout token: form cannot be read") from None
    tokens = [value for name, value in pairs if name == "logout_token"]
    if len(tokens) != 1:
        raise CompanyRefused("failed", "logout token: not exactly one")
    return tokens[0]


def _refused(request: HttpRequest, provider: CompanyProvider, refusal: CompanyRefused) -> HttpResponse:
    now = timezone.now()
    try:
        limits.count(limits.LOGOUT_REFUSALS, client_network(request), now=now)
    except TooManyAttempts as too_many:
        return _answer("too_many", _TOO_MANY, too_many.retry_after_s)
    with transaction.atomic():
        details = {"provider": provider.name, "reason": refusal.reason}
        audit.record(event="company.logout_refused", at=now, actor="unknown", details=details)
    if refusal.code == "away":
        return _answer("temporarily_unavailable", _AWAY, _AGAIN_S)
    return _answer("invalid_request", _REFUSED)


def _answer(code: str, status: int, retry_after_s: int | None = None) -> HttpResponse:
    response = JsonResponse({"error": code}, status=status)
    if retry_after_s is not None:
        response["Retry-After"] = str(retry_after_s)
    return _uncached(response)


def _uncached(response: HttpResponse) -> HttpResponse:
    response["Cache-Control"] = "no-store"
    return response
