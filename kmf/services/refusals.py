"""Refusals before anybody is known: the audit gets the precise reason, the outside one and the same code."""

from datetime import datetime

from django.db import transaction

from conferences.models import Conference
from conferences.services.audit import record
from kmf.authorization.limits import refused_too_often
from kmf.errors import KMFError, TooManyMessages
from protocol.errors import ProtocolError


def record_refusal(
    *, conference_id: str | None, where: str, refusal: ProtocolError | KMFError, address: str, now: datetime
) -> None:
    """Write ``request.refused`` to the conference's chain, or the system's where there is none.

    Raises:
        TooManyMessages: this address was refused too often within the minute; nothing is written.

    """
    if refused_too_often(address, now=now):
        raise TooManyMessages("refused too often")
    with transaction.atomic():
        _write(conference_id, where, refusal, now)


def _write(conference_id: str | None, where: str, refusal: ProtocolError | KMFError, now: datetime) -> None:
    conference = Conference.objects.select_related("organisation").filter(pk=conference_id).first()
    record(
        event="request.refused",
        at=now,
        actor="unknown",
        conference=conference,
        details={"where": where, "code": refusal.code, "reason": refusal.reason},
    )
