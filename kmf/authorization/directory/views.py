"""``{auth}/scim/v2``: the organisation's directory looks people up, and switches them off and on (RFC 7644).

No cookie counts here. Accounts are not made, renamed or deleted by it: ``DELETE`` switches off, for the audit names people.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from conferences.models import Organisation
from conferences.services import audit
from kmf.authorization import limits
from kmf.authorization.accounts.switching import Side, account_in, switch_off, switch_on
from kmf.authorization.addresses import client_network
from kmf.authorization.directory import messages
from kmf.authorization.directory.tokens import organisation_of
from kmf.authorization.errors import AccountRefused, NoSuchGrant, TooManyAttempts
from kmf.authorization.models import Account
from protocol import strict_json
from protocol.errors import InvalidToken, Malformed
from protocol.words import REQUEST_LIMIT_BYTES

_TYPE = "application/scim+json"
_MOST = 100  # users of one answer
_BY = "directory"  # as the audit names it
View = Callable[..., HttpResponse]


def _for_directory(view: View) -> View:
    """Give ``view`` the organisation whose directory asks, and answer what it cannot."""

    @csrf_exempt
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return view(request, organisation_of(request.headers.get("Authorization")), *args, **kwargs)
        except InvalidToken as refusal:
            return _unknown(request, refusal)
        except NoSuchGrant:
            return _error(404, "no such user")
        except AccountRefused:
            return _error(403, "somebody else switched this account off")
        except Malformed as refusal:
            return _error(400, refusal.reason, "invalidValue")
        except RequestDataTooBig:
            return _error(413, "too large")

    return guarded


@_for_directory
@require_http_methods(["GET"])
def users(request: HttpRequest, organisation: Organisation) -> HttpResponse:
    """People of the organisation, or the one of a name."""
    found = Account.objects.filter(organisation=organisation, kind=Account.Kind.PERSON).order_by("email")
    if "filter" in request.GET:
        try:
            found = found.filter(email=messages.read_filter(request.GET["filter"]))
        except Malformed as refusal:
            return _error(400, refusal.reason, "invalidFilter")
    start, count = (_number(request.GET.get(name), usual) for name, usual in (("startIndex", 1), ("count", _MOST)))
    start = max(start, 1)
    page = found[start - 1 : start - 1 + max(0, min(count, _MOST))]
    return _answer(messages.listing([messages.user(each, _base()) for each in page], total=found.count(), start=start))


@_for_directory
@require_http_methods(["GET", "PUT", "PATCH", "DELETE"])
def one_user(request: HttpRequest, organisation: Organisation, account_id: str) -> HttpResponse:
    """One account: shown, or switched."""
    account, now = account_in(organisation, account_id), timezone.now()
    if request.method == "DELETE":
        switch_off(account, side=Side.DIRECTORY, by=_BY, now=now)
        return HttpResponse(status=204)
    if request.method != "GET":
        members = strict_json.parse(request.body, REQUEST_LIMIT_BYTES)
        wanted = messages.read_patch(members) if request.method == "PATCH" else messages.read_replacement(members)
        if wanted is None and request.method == "PATCH":
            return _error(400, "nothing but active can be changed here", "mutability")
        if wanted is not None:
            (switch_on if wanted else switch_off)(account, side=Side.DIRECTORY, by=_BY, now=now)
        account.refresh_from_db()
    return _answer(messages.user(account, _base()))


@_for_directory
@require_http_methods(["GET"])
def config(_request: HttpRequest, _organisation: Organisation) -> HttpResponse:
    """What of SCIM is served."""
    return _answer(messages.config())


def _unknown(request: HttpRequest, refusal: InvalidToken) -> HttpResponse:
    now = timezone.now()
    try:
        limits.count(limits.DIRECTORY_REFUSALS, client_network(request), now=now)
    except TooManyAttempts as too_many:
        response = _error(429, "too many requests")
        response["Retry-After"] = str(too_many.retry_after_s)
        return response
    with transaction.atomic():
        audit.record(event="directory.refused", at=now, actor="unknown", details={"reason": refusal.reason})
    response = _error(401, "no directory of ours")
    response["WWW-Authenticate"] = "Bearer"
    return response


def _base() -> str:
    return f"{settings.ORIGINS.auth}/scim/v2/Users"


def _number(text: str | None, usual: int) -> int:
    return int(text) if text is not None and text.isascii() and text.isdecimal() and len(text) < len("1000000") else usual


def _error(status: int, detail: str, kind: str = "") -> HttpResponse:
    return _answer(messages.error(status, detail, kind), status=status)


def _answer(content: dict[str, Any], *, status: int = 200) -> HttpResponse:
    response = JsonResponse(content, status=status, content_type=_TYPE)
    response["Cache-Control"] = "no-store"
    return response
