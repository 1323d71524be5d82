"""What the conference provider reports of endpoints' transports. The KMF never believes it (DESIGN section 10).

A reported arrival is noted. A reported leave of an endpoint whose heartbeat lives is a disagreement: it goes to the audit, and
the next heartbeat is the probe. Only if that is missed, the leave is recorded, after 6 s of silence instead of 15. No report
opens an epoch by itself, so a provider that flaps its reports causes none.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.cache import cache
from django.db import transaction
from django.db.models import Q

from conferences.models import Conference, Participant
from conferences.rules import CLOCKS_DIFFER
from conferences.services.audit import record
from kmf.errors import TooManyMessages
from kmf.hints import announce_on_commit
from kmf.models import Endpoint, KeyState
from kmf.services.endpoint_rows import lock_free_endpoints

REQUESTS_A_WINDOW, WINDOW_S = 50, 10
DISAGREE_EVERY = timedelta(seconds=60)  # one audit row for one endpoint
DOUBT_EVERY = timedelta(seconds=5)  # one write to the conference's key state
UNREACHED_AFTER = timedelta(seconds=30)


@dataclass(frozen=True)
class Report:
    """One line of a report; ``event`` is ``connected`` or ``disconnected``, ``at`` the provider's clock and not believed."""

    handle: str
    pseudonym: str
    event: str
    at: int


def check_report_rate() -> None:
    """Count one request of the provider.

    Raises:
        TooManyMessages: more than 50 within 10 s; nothing of it is read.

    """
    if cache.add("presence-reports", 1, timeout=WINDOW_S):
        return
    try:
        if int(cache.incr("presence-reports")) > REQUESTS_A_WINDOW:
            raise TooManyMessages("too many reports")
    except ValueError:  # the window ended between the two
        return


def take_reports(*, reports: list[Report], now: datetime) -> None:
    """Note a batch: the last word on each endpoint counts."""
    last = {(report.handle, report.pseudonym): report for report in reports}
    unknown = 0
    for report in last.values():
        unknown += not _take(report, now)
    if unknown and cache.add("presence-unknown", 1, timeout=60):
        with transaction.atomic():
            record(event="presence.unknown", at=now, actor="provider", details={"reports": unknown})


@transaction.atomic
def _take(report: Report, now: datetime) -> bool:
    """Note one report; False where nobody here is meant by it."""
    rows = Participant.objects.filter(conference__handle=report.handle, pseudonym=report.pseudonym)
    participant = rows.select_related("conference__organisation").first()
    if participant is None:
        return False
    present = Endpoint.objects.filter(membership__participant=participant, membership__left_at=None)
    if report.event == "connected":
        present.update(mdd_connected_at=now, reported_gone_at=None)
        return True
    if not present.filter(reported_gone_at=None).exists():
        return True
    # The hubs look at doubts only while this is young. The conference's row comes before its endpoints': see endpoint_rows.
    quiet = Q(doubted_at=None) | Q(doubted_at__lte=now - DOUBT_EVERY) | Q(doubted_at__gt=now + CLOCKS_DIFFER)
    if KeyState.objects.filter(quiet, conference=participant.conference).update(doubted_at=now):
        announce_on_commit(participant.conference_id)
    endpoint = present.select_for_update(of=("self",), no_key=True).select_related("membership").order_by("pk").first()
    if endpoint is not None and endpoint.reported_gone_at is None:
        _doubt(endpoint, participant, now)
    return True


def _doubt(endpoint: Endpoint, participant: Participant, now: datetime) -> None:
    endpoint.reported_gone_at, endpoint.mdd_connected_at = now, None
    told = endpoint.disagreed_at
    if told is None or not -CLOCKS_DIFFER < now - told < DISAGREE_EVERY:
        endpoint.disagreed_at = now
        record(
            event="presence.disagreement",
            at=now,
            actor="provider",
            conference=participant.conference,
            details={"source_id": endpoint.membership.source_id, "identity": participant.identity, "reported": "disconnected"},
        )
    endpoint.save(update_fields=["reported_gone_at", "mdd_connected_at", "disagreed_at"])


@transaction.atomic
def resolve_doubts(*, endpoint_ids: list[int]) -> None:
    """These endpoints were heard after they were reported gone. Whose row somebody holds is in doubt a second longer."""
    Endpoint.objects.filter(pk__in=lock_free_endpoints(endpoint_ids)).update(reported_gone_at=None)


@transaction.atomic
def note_unreached(*, conference_id: str, now: datetime) -> None:
    """Put those on record, once, whose socket lives but of whom the provider never said that they reached the MDD."""
    rows = Endpoint.objects.filter(
        conference_id=conference_id,
        membership__left_at=None,
        connected_at__lte=now - UNREACHED_AFTER,
        mdd_connected_at=None,
        disagreed_at=None,
        unreached_at=None,
    )
    ids = list(rows.values_list("pk", flat=True))
    if not ids:
        return
    rows = rows.filter(pk__in=lock_free_endpoints(ids))  # read again: another process may have been quicker
    found = list(rows.values_list("pk", "membership__source_id", "membership__participant__identity"))
    if not found:
        return
    Endpoint.objects.filter(pk__in=[row[0] for row in found]).update(unreached_at=now)
    conference = Conference.objects.select_related("organisation").get(pk=conference_id)
    holders = [{"source_id": source_id, "identity": identity} for _, source_id, identity in found]
    record(event="presence.unreached", at=now, actor="system", conference=conference, details={"endpoints": holders})
