"""``POST {kmf}/presence``: the conference provider's reports (docs/protocol.md section 7)."""

from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.db import Error as DatabaseError
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from kmf.authorization.proofs import remember_once
from kmf.errors import KMFError, KMFUnavailable, MessageTooLarge
from kmf.services.presence_reports import Report, check_report_rate, take_reports
from kmf.services.provider_keys import provider_keys
from kmf.views.answers import answer, refuse_unknown
from protocol import strict_json
from protocol.errors import InvalidProof, InvalidToken, Malformed
from protocol.jws import parse
from protocol.signed_request import SCHEME, TYP, verify_request
from protocol.words import REQUEST_LIMIT_BYTES, check_identifier

REPORTS_AT_ONCE = 200
EVENTS = ("connected", "disconnected")


@csrf_exempt  # no cookie is read on this origin: nothing to forge
@require_POST
def presence(request: HttpRequest) -> HttpResponse:
    """Note what the provider says of its endpoints' transports."""
    now = datetime.now(UTC)
    try:
        _verify(request, now)
        check_report_rate()
        take_reports(reports=_reports(request.body), now=now)
    except (InvalidToken, InvalidProof) as refusal:
        return refuse_unknown(request, InvalidToken(refusal.reason), now, where="presence", scheme=SCHEME.strip())
    except (Malformed, KMFError) as refusal:
        return answer(refusal.code)
    except RequestDataTooBig:
        return answer(MessageTooLarge.code)
    except DatabaseError:
        return answer(KMFUnavailable.code)
    return HttpResponse(status=204)


def _verify(request: HttpRequest, now: datetime) -> None:
    """The provider signed this very request, and it was not seen before."""
    authorization = request.headers.get("Authorization")
    try:
        header = parse((authorization or "").removeprefix(SCHEME), typ=TYP, members={"typ", "alg", "kid"}).header
    except Malformed as refusal:
        raise InvalidToken(refusal.reason) from None
    verified = verify_request(
        authorization,
        keys=provider_keys(str(header["kid"])),
        issuer=settings.ORIGINS.provider,
        audience=settings.ORIGINS.kmf,
        method="POST",
        url=f"{settings.ORIGINS.kmf}/presence",
        body=request.body,
        now=now,
    )
    remember_once(signer=verified.kid, jti=verified.jti, until=verified.expires_at)


def _reports(body: bytes) -> list[Report]:
    members = strict_json.parse(body, REQUEST_LIMIT_BYTES)
    entries = members.get("reports")
    if members.keys() != {"reports"} or not isinstance(entries, list) or len(entries) > REPORTS_AT_ONCE:
        raise Malformed("not a list of reports")
    return [_report(entry) for entry in entries]


def _report(entry: Any) -> Report:
    if not isinstance(entry, dict) or entry.keys() != {"handle", "pseudonym", "event", "at"}:
        raise Malformed("not a report")
    if entry["event"] not in EVENTS or type(entry["at"]) is not int:
        raise Malformed("report of another kind")
    return Report(check_identifier(entry["handle"]), check_identifier(entry["pseudonym"]), entry["event"], entry["at"])
