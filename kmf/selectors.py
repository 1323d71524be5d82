"""Reads of the KMF."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from conferences.models import Conference
from kmf.models import Endpoint, Epoch, KeyState
from roster.selectors import present_memberships


@dataclass(frozen=True)
class PushState:
    """What a hub compares with what it has told its sockets."""

    version: int
    closed: bool
    epoch: Epoch | None
    present: frozenset[int]


def current_epoch(conference_id: str) -> Epoch | None:
    """The current epoch, expired or not."""
    return Epoch.objects.filter(conference_id=conference_id, state=Epoch.State.CURRENT).first()


def state_version(conference_id: str) -> tuple[int, datetime | None]:
    """Version of the conference's key state, and when leavers' common epoch is due, if one waits."""
    state = KeyState.objects.get(conference_id=conference_id)
    return int(state.version), state.rekey_due_at


def push_state(conference_id: str) -> PushState:
    """Version, epoch and members, for one refresh of a hub."""
    state = KeyState.objects.get(conference_id=conference_id)
    present = frozenset(int(m.source_id) for m in present_memberships(conference_id))
    return PushState(int(state.version), state.closed_at is not None, current_epoch(conference_id), present)


def active_endpoint(conference_id: str, jkt: str) -> Endpoint | None:
    """The endpoint bound to a DPoP key, while its membership lasts."""
    rows = Endpoint.objects.filter(conference_id=conference_id, jkt=jkt, membership__left_at=None)
    return rows.select_related("membership__participant", "account", "conference__organisation").first()


def present_endpoint(endpoint_id: int) -> Endpoint | None:
    """The endpoint, while its membership lasts."""
    rows = Endpoint.objects.filter(pk=endpoint_id, membership__left_at=None)
    return rows.select_related("membership__participant", "account", "conference__organisation").first()


def leave_reason(conference_id: str, source_id: int) -> str:
    """Why a source id left; empty while it is present."""
    rows = Endpoint.objects.filter(conference_id=conference_id, membership__source_id=source_id)
    return rows.values_list("membership__leave_reason", flat=True).first() or ""


def open_conferences() -> list[str]:
    """Conferences that released keys and are not closed yet."""
    return list(KeyState.objects.filter(closed_at=None).values_list("conference_id", flat=True))


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
