"""A socket's ``hello``: the endpoint behind it must hold a released key."""

from datetime import datetime

from django.db import transaction

from conferences.services.audit import record
from kmf.authorization.services import VerifiedRequest
from kmf.crypto.secret_bytes import SecretBytes
from kmf.errors import Ended, NotAdmitted
from kmf.models import Endpoint
from kmf.selectors import active_endpoint
from kmf.services.sealing import unseal_member_secret


@transaction.atomic
def attach_endpoint(*, verified: VerifiedRequest, conference_id: str, now: datetime) -> tuple[Endpoint, SecretBytes]:
    """The endpoint bound to the proof's key, and its member secret.

    Raises:
        NotAdmitted: no released key, another conference's token, or a right that is over.
        Ended: the conference is over.
        KMFUnavailable: sealed.

    """
    if verified.token.claims.get("conference") != conference_id:
        raise NotAdmitted("token is for another conference")
    endpoint = active_endpoint(conference_id, verified.token.jkt)
    if endpoint is None or endpoint.account_id != verified.account.pk:
        raise NotAdmitted("no key was released to this endpoint")
    if endpoint.membership.participant.withdrawn_at is not None:
        raise NotAdmitted("invitation withdrawn")
    if endpoint.conference.ended_at is not None or endpoint.conference.closes_at <= now:
        raise Ended("after the end")
    first = endpoint.connected_at is None
    endpoint.connected_at, endpoint.last_seen_at = now, now
    endpoint.save(update_fields=["connected_at", "last_seen_at"])
    if first:
        record(
            event="endpoint.connected",
            at=now,
            actor=endpoint.membership.participant.identity,
            conference=endpoint.conference,
            details={"source_id": endpoint.membership.source_id, "name": endpoint.membership.name},
        )
    return endpoint, unseal_member_secret(endpoint)
