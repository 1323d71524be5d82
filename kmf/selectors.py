"""Reads of the KMF."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import OuterRef, Q, Subquery

from conferences.models import Conference, Participant
from conferences.rules import CLOCKS_DIFFER, is_locked_out, needs_admission
from kmf.models import Endpoint, Epoch, KeyState, Waiting
from roster.models import Membership

RETURN_WITHIN = timedelta(seconds=60)  # who left so lately is not new to a locked conference
WAITS_FOR = timedelta(seconds=30)  # then who asks no more has gone away


def current_epoch(conference_id: str) -> Epoch | None:
    """The current epoch, expired or not."""
    return Epoch.objects.filter(conference_id=conference_id, state=Epoch.State.CURRENT).first()


def state_row(conference_id: str) -> KeyState:
    """The conference's key state, unlocked: its version, and when leavers' common epoch is due, if one waits."""
    return KeyState.objects.get(conference_id=conference_id)


def present_sources(conference_id: str) -> frozenset[int]:
    """Source ids of memberships that have not ended."""
    rows = Membership.objects.filter(conference_id=conference_id, left_at=None)
    return frozenset(rows.values_list("source_id", flat=True))


def active_endpoint(conference_id: str, jkt: str) -> Endpoint | None:
    """The endpoint bound to a DPoP key, while its membership lasts."""
    return active_endpoints(conference_id, [jkt]).get(jkt)


def active_endpoints(conference_id: str, thumbprints: Iterable[str]) -> dict[str, Endpoint]:
    """Endpoints bound to DPoP keys, while their memberships last, by the keys' thumbprints."""
    rows = Endpoint.objects.filter(conference_id=conference_id, jkt__in=list(thumbprints), membership__left_at=None)
    rows = rows.select_related("membership__participant", "account", "conference__organisation").order_by("-pk")
    return {endpoint.jkt: endpoint for endpoint in rows}


def doubted_endpoints(conference_id: str) -> dict[int, datetime]:
    """Endpoints that the provider reported gone, and when."""
    rows = Endpoint.objects.filter(conference_id=conference_id, membership__left_at=None, reported_gone_at__isnull=False)
    return {pk: at for pk, at in rows.values_list("pk", "reported_gone_at") if at is not None}


def present_endpoint(endpoint_id: int) -> Endpoint | None:
    """The endpoint, while its membership lasts."""
    rows = Endpoint.objects.filter(pk=endpoint_id, membership__left_at=None)
    return rows.select_related("membership__participant", "account", "conference__organisation").first()


def leave_reason(conference_id: str, source_id: int) -> str:
    """Why a source id left; empty while it is present."""
    rows = Endpoint.objects.filter(conference_id=conference_id, membership__source_id=source_id)
    return rows.values_list("membership__leave_reason", flat=True).first() or ""


def endpoints_to_end(conference: Conference, stale_before: datetime | None) -> list[tuple[Endpoint, str]]:
    """Endpoints whose right or life is over, each with the reason; without ``stale_before`` nobody is silent."""
    over = Q(membership__participant__withdrawn_at__isnull=False) | Q(account__is_active=False)
    if stale_before is not None:
        over |= Q(last_seen_at__lt=stale_before)
    rows = Endpoint.objects.filter(over, conference=conference, membership__left_at=None)
    rows = rows.select_related("membership__participant", "account")
    return [(endpoint, _reason(endpoint)) for endpoint in rows.order_by("membership__source_id")]


def _reason(endpoint: Endpoint) -> str:
    if endpoint.membership.participant.withdrawn_at is not None:
        return "withdrawn"
    return "silent" if endpoint.account.is_active else "removed"


def was_here_lately(participant: Participant, now: datetime) -> bool:
    """Whether he is present, or left of himself within the last minute: a cut line must not lock him out."""
    stays = Membership.objects.filter(participant=participant).exclude(leave_reason__in=["removed", "withdrawn"])
    return stays.filter(Q(left_at=None) | Q(left_at__gte=now - RETURN_WITHIN, left_at__lte=now + CLOCKS_DIFFER)).exists()


def may_come_in(participant: Participant, now: datetime) -> bool:
    """Whether an invited identity has a way in at this moment, as far as the initiator has a say in it."""
    conference = participant.conference
    if participant.banned_at is not None or needs_admission(conference, participant):
        return False
    return not is_locked_out(conference, participant, was_here=was_here_lately(participant, now))


def list_waiting(conference_id: str, now: datetime) -> list[Waiting]:
    """Who waits to be let in, longest first."""
    rows = Waiting.objects.filter(conference_id=conference_id, declined_at=None)
    rows = rows.filter(asked_at__gte=now - WAITS_FOR, asked_at__lte=now + CLOCKS_DIFFER)
    return list(rows.select_related("participant").order_by("since", "participant_id"))


@dataclass(frozen=True)
class KeptOut:
    """Somebody who was removed; ``name`` is the one under which he was seen last."""

    identity: str
    name: str
    is_banned: bool


def list_kept_out(conference_id: str) -> list[KeptOut]:
    """Invited identities that were removed or banned, by identity."""
    stays = Membership.objects.filter(participant=OuterRef("pk")).order_by("-since")
    rows = Participant.objects.filter(conference_id=conference_id, withdrawn_at=None)
    rows = rows.filter(Q(removed_at__isnull=False) | Q(banned_at__isnull=False))
    seen = rows.annotate(seen_as=Subquery(stays.values("name")[:1])).order_by("identity")
    return [KeptOut(row.identity, row.seen_as or row.name or row.identity, row.banned_at is not None) for row in seen]
