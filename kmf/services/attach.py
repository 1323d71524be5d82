"""Sockets' ``hello``: the endpoint behind each must hold a released key. Those of one conference that wait are taken together."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from conferences.services.audit import Fact, record_all
from kmf.authorization.services import VerifiedRequest
from kmf.crypto.secret_bytes import SecretBytes
from kmf.errors import Ended, KMFError, NotAdmitted
from kmf.models import Endpoint
from kmf.selectors import active_endpoints
from kmf.services.endpoint_rows import lock_endpoints
from kmf.services.sealing import unseal_member_secrets

Attached = tuple[Endpoint, SecretBytes]


@transaction.atomic
def attach_endpoints(*, verified: Sequence[VerifiedRequest], conference_id: str, now: datetime) -> list[Attached | KMFError]:
    """For each, in the same order, the endpoint bound to the proof's key with its member secret, or the refusal.

    Refusals are ``NotAdmitted`` (no released key, another conference's token, a right that is over) and ``Ended``.

    Raises:
        KMFUnavailable: sealed.

    """
    active = active_endpoints(conference_id, [each.token.jkt for each in verified])
    found: list[Endpoint | KMFError] = []
    for each in verified:
        try:
            found.append(_check(each, active.get(each.token.jkt), conference_id, now))
        except (NotAdmitted, Ended) as refusal:
            found.append(refusal)
    endpoints = {endpoint.pk: endpoint for endpoint in found if isinstance(endpoint, Endpoint)}
    if not endpoints:
        return [one for one in found if isinstance(one, KMFError)]
    _note(list(endpoints.values()), now)
    secrets = unseal_member_secrets(conference_id=conference_id, endpoints=endpoints.values())
    return [(one, secrets[one.pk]) if isinstance(one, Endpoint) else one for one in found]


def _check(verified: VerifiedRequest, endpoint: Endpoint | None, conference_id: str, now: datetime) -> Endpoint:
    if verified.token.claims.get("conference") != conference_id:
        raise NotAdmitted("token is for another conference")
    if endpoint is None or endpoint.account_id != verified.account.pk:
        raise NotAdmitted("no key was released to this endpoint")
    if endpoint.membership.participant.withdrawn_at is not None:
        raise NotAdmitted("invitation withdrawn")
    if endpoint.conference.ended_at is not None or endpoint.conference.closes_at <= now:
        raise Ended("after the end")
    return endpoint


def _note(endpoints: list[Endpoint], now: datetime) -> None:
    """Put down that they are connected; who is so for the first time stands in the audit."""
    facts = []
    for endpoint in endpoints:
        if endpoint.connected_at is None:
            details = {"source_id": endpoint.membership.source_id, "name": endpoint.membership.name}
            facts.append(Fact("endpoint.connected", details, actor=endpoint.membership.participant.identity))
        endpoint.connected_at, endpoint.last_seen_at = now, now
    rows = Endpoint.objects.filter(pk__in=lock_endpoints(endpoint.pk for endpoint in endpoints))
    rows.update(connected_at=now, last_seen_at=now)
    if facts:
        record_all(facts=facts, at=now, actor="system", conference=endpoints[0].conference)
