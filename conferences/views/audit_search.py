"""``/audit/search``: entries of the whole organisation. Each search is recorded before its result is shown."""

from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from conferences.forms.audit_search import AuditSearchForm, page_keys
from conferences.identity import Identity, identity_required
from conferences.selectors.audit_entries import ReadEntry
from conferences.selectors.audit_search import Found, FoundPage, names_of, search_audit
from conferences.selectors.conferences import organisation_of
from conferences.services.audit_access import record_audit_search
from conferences.views.audit_words import Sentence, event_names, sentence_of
from conferences.views.viewer_zone import viewer_zone

ENTRIES_A_PAGE = 50


@dataclass(frozen=True, slots=True)
class FoundLine:
    """A found entry beside its sentence and its conference's title."""

    chain: str
    title: str
    entry: ReadEntry
    sentence: Sentence


@require_safe
@identity_required("auditor")
def audit_search(request: HttpRequest, identity: Identity) -> HttpResponse:
    """Entries that fit the query, the latest first."""
    organisation = organisation_of(identity)
    if organisation is None:
        raise Http404
    now, zone = timezone.now(), viewer_zone(request) or "UTC"
    form = AuditSearchForm(request.GET, zone=zone)
    context = {"identity": identity, "form": form, "zone": zone, "events": event_names(), "lines": [], "searched": False}
    if form.is_valid():
        query = {name: form[name].value() for name in form.fields if name != "after" and form[name].value()}
        record_audit_search(actor=identity.email, organisation=organisation, query=query, now=now)
        page = search_audit(organisation, form.wanted(), limit=ENTRIES_A_PAGE)
        names = names_of(organisation, {one.chain for one in page.found})
        context |= {"lines": [_line(one, page, names) for one in page.found], "searched": True}
        if page.next_after:
            context["older"] = urlencode(query | {"after": page_keys(page.next_after)})
    return render(request, "conferences/audit_search.html", context)


def _line(one: Found, page: FoundPage, names: dict[tuple[str, int], str]) -> FoundLine:
    own = {source_id: name for (chain, source_id), name in names.items() if chain == one.chain}
    return FoundLine(one.chain, page.titles.get(one.chain, ""), one.entry, sentence_of(one.entry, own))
