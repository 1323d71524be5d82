"""Leaves: however one is noticed, it ends the membership, destroys the member secret and opens an epoch."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from conferences.models import Conference, Participant
from conferences.services.audit import one_write, record
from conferences.services.outbox import enqueue
from kmf.models import Endpoint
from kmf.selectors import present_endpoint
from kmf.services.endpoint_rows import lock_free_endpoints
from kmf.services.epochs import lock_state_behind, rekey_for_leave
from roster.services import membership as memberships

EVICTING = {"removed", "withdrawn"}  # reasons that the provider must carry out too; a replaced one is its own successor


def end_membership(*, endpoint: Endpoint, reason: str, now: datetime) -> None:
    """End one membership under the conference's lock, without the epoch that must follow."""
    membership = endpoint.membership
    memberships.end(membership=membership, reason=reason, now=now)
    endpoint.sealed_member_secret = None
    endpoint.save(update_fields=["sealed_member_secret"])
    participant = membership.participant
    record(
        event="endpoint.left",
        at=now,
        actor=participant.identity,
        conference=endpoint.conference,
        details={
            "source_id": membership.source_id,
            "identity": participant.identity,
            "name": membership.name,
            "reason": reason,
        },
    )
    if reason in EVICTING:
        order_eviction(conference=endpoint.conference, participant=participant, now=now)


@one_write()
def leave(*, endpoint_id: int, reason: str, now: datetime, attached_at: datetime | None = None) -> None:
    """An endpoint has left; nothing happens if it had left before.

    With ``attached_at``, the time of the socket that was lost, nothing happens either if a newer socket is there: another
    process may have it.
    """
    state, now = lock_state_behind(endpoint_id=endpoint_id, now=now)
    endpoint = present_endpoint(endpoint_id)
    if endpoint is None or attached_at not in (None, endpoint.connected_at):
        return
    end_membership(endpoint=endpoint, reason=reason, now=now)
    rekey_for_leave(state=state, conference=endpoint.conference, now=now)


@transaction.atomic
def note_heartbeats(*, endpoint_ids: Iterable[int], now: datetime) -> None:
    """Remember that endpoints live, for all of a hub's sockets. Whose row somebody holds is noted next time."""
    free = lock_free_endpoints(endpoint_ids)
    Endpoint.objects.filter(pk__in=free, membership__left_at=None).update(last_seen_at=now)


def order_eviction(*, conference: Conference, participant: Participant, now: datetime) -> None:
    """Have the provider cut a participant's transport. His keys are over without it."""
    enqueue(
        kind="provider.order",
        payload={"order": "evict", "handle": conference.handle, "pseudonym": participant.pseudonym},
        organisation=conference.organisation,
        now=now,
    )
