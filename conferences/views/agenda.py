"""``/``: conferences of whoever is signed in."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from conferences.identity import Identity, identity_required
from conferences.selectors.conferences import agenda_of
from conferences.views.cards import days_of
from conferences.views.viewer_zone import viewer_zone


@require_safe
@identity_required()
def agenda(request: HttpRequest, identity: Identity) -> HttpResponse:
    """Upcoming and past conferences by day."""
    now = timezone.now()
    zone = viewer_zone(request)
    found = agenda_of(identity, now)
    context = {
        "identity": identity,
        "coming": days_of(found.coming, zone=zone, now=now),
        "past": days_of(found.past, zone=zone, now=now),
        "zone": zone,
    }
    return render(request, "conferences/agenda.html", context)
