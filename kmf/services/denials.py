"""Refused key requests: the audit gets the precise reason, and the initiator sees who waits.

Of denials that are alike (account, chain, reason) the first of a minute is written at once; those after it are counted, and one
entry says how many, when the minute is over (DESIGN section 14): who asks in a loop fills no audit.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet

from conferences.models import Conference, Organisation, Participant
from conferences.rules import CLOCKS_DIFFER
from conferences.services.audit import Fact, chain_name, record_all
from kmf.authorization.services import VerifiedRequest
from kmf.errors import Refused, Stranger, Waits
from kmf.models import DenialCount
from kmf.services.admission import knock

WINDOW = timedelta(seconds=60)
_AT_ONCE = 200  # chains in one clean-up, and rows of each


@dataclass(frozen=True)
class Denial:
    """Who asked, for which conference, as which participant if he is one, and why not."""

    verified: VerifiedRequest
    conference_id: str
    participant: Participant | None
    refusal: Refused

    @property
    def chain(self) -> Conference | None:
        """The conference whose chain it belongs to. A stranger's stands in his organisation's: he writes into no conference's."""
        return None if isinstance(self.refusal, Stranger) or self.participant is None else self.participant.conference


def record_denials(denials: Sequence[Denial], *, now: datetime) -> None:
    """Write ``key.denied`` for each or count it, or have him wait."""
    chains: dict[tuple[str, int], list[Denial]] = {}
    for denial in denials:
        if isinstance(denial.refusal, Waits) and denial.participant is not None:
            knock(participant_id=denial.participant.pk, verified=denial.verified, now=now)
        else:
            conference = denial.chain
            name = conference.pk if conference is not None else ""
            chains.setdefault((name, denial.verified.account.organisation_id), []).append(denial)
    for alike in chains.values():
        _record(alike, now)


def record_counted(*, now: datetime) -> None:
    """Write how many denials came after the first of a minute that is over, and forget the minute.

    Each chain in a transaction of its own: whoever is killed between two leaves the others' numbers to the next who comes.
    """
    chains = _over(now).order_by("chain", "organisation").values_list("chain", "organisation").distinct()
    for chain, organisation_id in chains[:_AT_ONCE]:
        _record_counted_of(chain, organisation_id, now)


def _over(now: datetime) -> QuerySet[DenialCount]:
    """Counts whose minute is over."""
    return DenialCount.objects.exclude(since__gt=now - WINDOW, since__lte=now + CLOCKS_DIFFER)


@transaction.atomic
def _record_counted_of(chain: str, organisation_id: int, now: datetime) -> None:
    found = _over(now).filter(chain=chain, organisation=organisation_id)
    rows = found.select_for_update(of=("self",), skip_locked=True).select_related("account", "organisation").order_by("pk")
    counts = list(rows[:_AT_ONCE])
    if facts := [_counted(row) for row in counts if row.more]:
        conference = Conference.objects.select_related("organisation").filter(pk=chain).first()
        _write(facts, conference, counts[0].organisation, now)
    DenialCount.objects.filter(pk__in=[row.pk for row in counts]).delete()


@transaction.atomic
def _record(denials: list[Denial], now: datetime) -> None:
    """Denials of one chain."""
    first = denials[0]
    organisation = first.verified.account.organisation
    chain = chain_name(conference=first.chain, organisation=organisation)
    # One order for everybody: two batches of the same accounts must not wait for each other.
    ordered = sorted(denials, key=lambda denial: (denial.verified.account.pk, denial.refusal.reason))
    facts = [fact for denial in ordered for fact in _facts(denial, chain, now)]
    if facts:
        _write(facts, first.chain, organisation, now)


def _facts(denial: Denial, chain: str, now: datetime) -> list[Fact]:
    """What the audit is to be told of one denial: nothing, if one like it was told within the minute."""
    account, refusal = denial.verified.account, denial.refusal
    fresh = {"organisation": account.organisation, "code": refusal.code, "since": now, "last_at": now}
    rows = DenialCount.objects.select_for_update(of=("self",)).select_related("account")
    row, is_first = rows.get_or_create(account=account, chain=chain, reason=refusal.reason[:80], defaults=fresh)
    if not is_first and -CLOCKS_DIFFER <= now - row.since < WINDOW:
        row.more, row.last_at = row.more + 1, now
        row.save(update_fields=["more", "last_at"])
        return []
    counted = [_counted(row)] if row.more else []
    if not is_first:
        row.since, row.last_at, row.more = now, now, 0
        row.save(update_fields=["since", "last_at", "more"])
    details = {"code": refusal.code, "reason": refusal.reason, "jkt": denial.verified.token.jkt}
    return [*counted, Fact("key.denied", {**details, "conference": denial.conference_id}, actor=account.email)]


def _counted(row: DenialCount) -> Fact:
    details = {"code": row.code, "reason": row.reason, "more": row.more}
    times = {"from": row.since.isoformat(), "until": row.last_at.isoformat()}
    return Fact("key.denied", {**details, **times}, actor=row.account.email)


def _write(facts: list[Fact], conference: Conference | None, organisation: Organisation, now: datetime) -> None:
    record_all(facts=facts, at=now, actor="unknown", conference=conference, organisation=organisation)
