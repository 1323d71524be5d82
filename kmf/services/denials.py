"""Refused key requests: the audit gets the precise reason, and the initiator sees who waits."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from conferences.models import Conference, Participant
from conferences.services.audit import Fact, record_all
from kmf.authorization.services import VerifiedRequest
from kmf.errors import Refused, Stranger, Waits
from kmf.services.admission import knock


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
    """Write ``key.denied`` for each, or have him wait."""
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


@transaction.atomic
def _record(denials: list[Denial], now: datetime) -> None:
    """Denials of one chain."""
    facts = []
    for denial in denials:
        details = {
            "code": denial.refusal.code,
            "reason": denial.refusal.reason,
            "jkt": denial.verified.token.jkt,
            "conference": denial.conference_id,
        }
        facts.append(Fact("key.denied", details, actor=denial.verified.account.email))
    first = denials[0]
    organisation = first.verified.account.organisation
    record_all(facts=facts, at=now, actor="unknown", conference=first.chain, organisation=organisation)
