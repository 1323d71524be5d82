"""``/conferences/new``: scheduling."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from conferences.errors import UnknownConference
from conferences.forms import ScheduleForm
from conferences.forms.local_time import offered_zones
from conferences.identity import Identity, identity_required
from conferences.models import new_identifier
from conferences.rules import KEYS_KEPT_DAYS, MAX_INVITED, MOST_KEYS_KEPT_DAYS
from conferences.selectors.conferences import organisation_of
from conferences.services.scheduling import schedule_conference
from conferences.views.viewer_zone import viewer_zone

SALT = "conferences.schedule"
FORM_AGE_S = 24 * 3600
ROUND = timedelta(minutes=30)


@require_http_methods(["GET", "HEAD", "POST"])
@identity_required("initiator")
def schedule(request: HttpRequest, identity: Identity) -> HttpResponse:
    """Show the form; a good one makes a conference and leads to its page."""
    now = timezone.now()
    if request.method == "POST":
        return _submitted(request, identity, now)
    form = ScheduleForm(initial=_initial(request, now), now=now, initiator_identity=identity.email)
    return _page(request, identity, form)


def _submitted(request: HttpRequest, identity: Identity, now: datetime) -> HttpResponse:
    form = ScheduleForm(request.POST, now=now, initiator_identity=identity.email)
    organisation = organisation_of(identity)
    if organisation is None:
        form.add_error(None, "Your organisation is not known here. Sign in again, or ask who runs this site.")
    if organisation is None or not form.is_valid():
        return _page(request, identity, form, status=422)
    try:
        conference = schedule_conference(
            plan=form.plan(),
            organisation=organisation,
            initiator_identity=identity.email,
            initiator_name=identity.name,
            now=now,
            conference_id=_form_id(form.cleaned_data["form_id"]),
        )
    except UnknownConference:
        form.add_error(None, "This form belongs to somebody else's session. Load it anew.")
        return _page(request, identity, form, status=422)
    messages.success(request, "Scheduled. The invitations are on their way.")
    return redirect("conference", conference_id=conference.id)


def _form_id(signed: str) -> str | None:
    """Identifier that this form was given: sent twice it makes one conference."""
    try:
        return str(signing.loads(signed, salt=SALT, max_age=FORM_AGE_S))
    except signing.BadSignature:
        return None


def _initial(request: HttpRequest, now: datetime) -> dict[str, Any]:
    zone = viewer_zone(request) or "UTC"
    local = now.astimezone(ZoneInfo(zone))
    start = local.replace(minute=0, second=0, microsecond=0) + ROUND * (local.minute // 30 + 1)
    return {
        "date": f"{start:%Y-%m-%d}",
        "time": f"{start:%H:%M}",
        "time_zone": zone,
        "duration_min": 60,
        "on_join": "rekey",
        "admission": "invited",
        "sign_in": "any",
        "past_access": "none",
        "keys_kept_days": KEYS_KEPT_DAYS,
        "form_id": signing.dumps(new_identifier(), salt=SALT),
    }


def _page(request: HttpRequest, identity: Identity, form: ScheduleForm, status: int = 200) -> HttpResponse:
    context = {
        "identity": identity,
        "form": form,
        "zones": offered_zones(),
        "zone_is_known": form.is_bound or viewer_zone(request) is not None,
        "max_invited": MAX_INVITED,
        "most_keys_kept_days": MOST_KEYS_KEPT_DAYS,
    }
    return render(request, "conferences/schedule.html", context, status=status)
