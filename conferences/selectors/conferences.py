"""Conferences as one identity may see them."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from conferences.identity import Identity
from conferences.models import Conference, Organisation, Participant

PAST_SHOWN = 30
LONGEST = timedelta(days=2)  # from start to close: 24 h, grace; what started before is surely over


def organisation_of(identity: Identity) -> Organisation | None:
    """The identity's organisation."""
    return Organisation.objects.filter(slug=identity.organisation).first()


def conferences_of(identity: Identity) -> QuerySet[Conference]:
    """Conferences that the identity is a participant of now; ``invited_count`` counts all participants of each."""
    invited = Participant.objects.filter(conference=OuterRef("pk"), identity=identity.email, withdrawn_at=None)
    counted = Count("participants", filter=Q(participants__withdrawn_at=None))
    return Conference.objects.filter(Exists(invited)).annotate(invited_count=counted)


@dataclass(frozen=True, slots=True)
class Agenda:
    """Upcoming and running conferences by rising start; past ones by falling start, at most ``PAST_SHOWN``."""

    coming: list[Conference]
    past: list[Conference]


def agenda_of(identity: Identity, now: datetime) -> Agenda:
    """Both lists of the start page."""
    rows = conferences_of(identity)
    recent = list(rows.filter(starts_at__gt=now - LONGEST, ended_at=None).order_by("starts_at", "id"))
    coming = [conference for conference in recent if now < conference.closes_at]
    past = rows.filter(Q(starts_at__lte=now) | Q(ended_at__isnull=False)).exclude(pk__in=[row.pk for row in coming])
    return Agenda(coming, list(past.order_by("-starts_at", "id")[:PAST_SHOWN]))


def visible_conference(identity: Identity, conference_id: str) -> Conference | None:
    """The conference where the identity is a participant of it; else None, whether it exists or not."""
    return conferences_of(identity).select_related("organisation").filter(pk=conference_id).first()


def conference_for(email: str, conference_id: str) -> Conference | None:
    """The conference where the address is a participant of it now; else None, whether it exists or not."""
    invited = Participant.objects.filter(conference=OuterRef("pk"), identity=email, withdrawn_at=None)
    return Conference.objects.filter(Exists(invited), pk=conference_id).first()


def initiated_conference(identity: Identity, conference_id: str) -> Conference | None:
    """The conference where the identity is its initiator; else None."""
    rows = Conference.objects.select_related("organisation").filter(
        pk=conference_id, initiator_identity=identity.email, organisation__slug=identity.organisation
    )
    return rows.first()


def auditable_conference(identity: Identity, conference_id: str) -> Conference | None:
    """The conference where the identity is an auditor of its organisation, or its initiator; else None."""
    allowed = Q(organisation__slug=identity.organisation)
    if not identity.is_auditor:
        allowed &= Q(initiator_identity=identity.email)
    return Conference.objects.select_related("organisation").filter(allowed, pk=conference_id).first()


def organisation_conferences(organisation: Organisation) -> QuerySet[Conference]:
    """All conferences of a customer, the latest first."""
    counted = Count("participants", filter=Q(participants__withdrawn_at=None))
    return Conference.objects.filter(organisation=organisation).annotate(invited_count=counted).order_by("-starts_at", "id")


def invited_participants(conference: Conference) -> QuerySet[Participant]:
    """Everybody who was ever invited: the initiator first, then by address; withdrawn ones at the end."""
    withdrawn = Q(withdrawn_at__isnull=False)
    rows = conference.participants.annotate(is_withdrawn=withdrawn, is_initiator=Q(role=Participant.Role.INITIATOR))
    return rows.order_by("is_withdrawn", "-is_initiator", "identity")
