"""``/audit`` and ``/conferences/{id}/audit``: each look is recorded before anything is shown."""

import json
from dataclasses import dataclass

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from conferences.audit.export import export_lines
from conferences.identity import Identity, identity_required
from conferences.models import Conference
from conferences.selectors.audit_entries import KINDS, ReadEntry, conference_entries, read_entry
from conferences.selectors.audit_tree import latest_checkpoint, log_key
from conferences.selectors.conferences import auditable_conference, organisation_conferences, organisation_of
from conferences.selectors.key_holds import key_holds
from conferences.services.audit_access import record_audit_export, record_audit_view
from conferences.views.audit_words import Sentence, sentence_of
from conferences.views.cards import card_of
from conferences.views.key_hold_chart import chart_of
from conferences.views.viewer_zone import viewer_zone

ENTRIES_A_PAGE, CONFERENCES_A_PAGE = 50, 30
KIND_WORDS = {
    "": "Everything",
    "keys": "Keys",
    "endpoints": "Endpoints",
    "people": "Invitations",
    "access": "Access",
    "audit": "Audit",
}


@dataclass(frozen=True, slots=True)
class Line:
    """An entry beside its sentence."""

    entry: ReadEntry
    sentence: Sentence


@require_safe
@identity_required("auditor")
def audit_list(request: HttpRequest, identity: Identity) -> HttpResponse:
    """All conferences of the auditor's organisation."""
    now = timezone.now()
    organisation = organisation_of(identity)
    if organisation is None:
        raise Http404
    record_audit_view(actor=identity.email, organisation=organisation, now=now, details={"list": "conferences"})
    page = Paginator(organisation_conferences(organisation), CONFERENCES_A_PAGE).get_page(request.GET.get("page"))
    cards = [card_of(conference, zone=viewer_zone(request), now=now) for conference in page]
    context = {"identity": identity, "page": page, "cards": cards, "checkpoint": latest_checkpoint()}
    return render(request, "conferences/audit_list.html", context)


@require_safe
@identity_required()
def conference_audit(request: HttpRequest, identity: Identity, conference_id: str) -> HttpResponse:
    """Key holds of one conference as a picture, and its exact entries."""
    now = timezone.now()
    conference = _auditable(identity, conference_id)
    kind = request.GET.get("kind", "")
    kind = kind if kind in KINDS else ""
    details = {"kind": kind or "all", "page": request.GET.get("page", "1")[:6]}
    record_audit_view(actor=identity.email, organisation=conference.organisation, conference=conference, now=now, details=details)
    zone = viewer_zone(request) or conference.time_zone
    page = Paginator(conference_entries(conference, kind), ENTRIES_A_PAGE).get_page(request.GET.get("page"))
    entries = [read_entry(row) for row in page]
    holds = key_holds(conference)
    names = {endpoint.source_id: endpoint.name or endpoint.identity for endpoint in holds.endpoints}
    context = {
        "identity": identity,
        "card": card_of(conference, zone=zone, now=now),
        "zone": zone,
        "holds": holds,
        "chart": chart_of(holds, zone=zone, now=now),
        "page": page,
        "lines": [Line(entry, sentence_of(entry, names)) for entry in entries],
        "checkpoint": latest_checkpoint(),
        "kinds": KIND_WORDS.items(),
        "kind": kind,
    }
    return render(request, "conferences/audit.html", context)


@require_POST
@identity_required()
def export(_request: HttpRequest, identity: Identity, conference_id: str) -> HttpResponse:
    """The conference's chain as a file that ``manage.py audit verify`` checks."""
    now = timezone.now()
    conference = _auditable(identity, conference_id)
    record_audit_export(actor=identity.email, now=now, conference=conference)
    response = HttpResponse(export_lines(now=now, conference=conference), content_type="application/jsonl; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="audit-{conference.id}.jsonl"'
    return response


@require_safe
@identity_required("auditor")
def checkpoint(_request: HttpRequest, identity: Identity) -> HttpResponse:
    """The latest checkpoint as a line of a witness's file, to be kept outside."""
    organisation = organisation_of(identity)
    latest = latest_checkpoint()
    if organisation is None or latest is None:
        raise Http404
    record_audit_view(actor=identity.email, organisation=organisation, now=timezone.now(), details={"checkpoint": latest.size})
    line = {"kind": "checkpoint", "key": log_key().text, "note": latest.note}
    response = HttpResponse(json.dumps(line, ensure_ascii=False) + "\n", content_type="application/jsonl; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="checkpoint-{latest.size}.jsonl"'
    return response


@require_POST
@identity_required("auditor")
def export_all(_request: HttpRequest, identity: Identity) -> HttpResponse:
    """Every chain of the auditor's organisation as one file."""
    now, organisation = timezone.now(), organisation_of(identity)
    if organisation is None:
        raise Http404
    record_audit_export(actor=identity.email, now=now, organisation=organisation)
    response = HttpResponse(export_lines(now=now, organisation=organisation), content_type="application/jsonl; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="audit-{organisation.slug}.jsonl"'
    return response


def _auditable(identity: Identity, conference_id: str) -> Conference:
    conference = auditable_conference(identity, conference_id)
    if conference is None:
        raise Http404
    return conference
