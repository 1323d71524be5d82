"""``/conferences/{id}``: one conference; for its initiator also who is invited, and the changes he can make."""

from collections.abc import Callable
from datetime import datetime, timedelta

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from conferences.errors import ConferencesError
from conferences.forms import InviteForm
from conferences.identity import Identity, identity_required
from conferences.mail.ics import PUBLISH, invitation_calendar
from conferences.models import Conference
from conferences.selectors.conferences import initiated_conference, invited_participants, visible_conference
from conferences.services.invitations import check_invitable, withdraw_invitation
from conferences.services.scheduling import end_conference
from conferences.sign_in import pending
from conferences.views.cards import card_of
from conferences.views.refusal_words import REFUSAL_WORDS
from conferences.views.viewer_zone import viewer_zone
from protocol.authorization_details import Invite, read_details
from protocol.errors import Malformed

MAIL_EXPECTED = timedelta(minutes=1)  # from then on the page says that a mail is waiting
NOT_SHOWABLE = "The address or the name holds a character that cannot be shown. Type it instead of pasting it."


@require_safe
@identity_required()
def conference(request: HttpRequest, identity: Identity, conference_id: str) -> HttpResponse:
    """The conference's page, for its participants."""
    typed = request.session.pop(pending.TYPED, {})
    form = InviteForm(initial=typed if typed.get("conference") == conference_id else {})
    return _page(request, identity, _visible(identity, conference_id), form)


@require_POST
@identity_required()
def invite(request: HttpRequest, identity: Identity, conference_id: str) -> HttpResponse:
    """Check whom he wants to invite, and have him confirm it where no script of this origin can reach (ADR 0036)."""
    found = _initiated(identity, conference_id)
    form = InviteForm(request.POST)
    now = timezone.now()
    if form.is_valid():
        invitee = form.cleaned_data["invitee"]
        try:
            check_invitable(conference_id=found.id, identity=invitee.identity, now=now)
            # What could not be shown to him there is refused here.
            action = read_details([Invite(found.id, invitee.identity, invitee.name, invitee.kind).members()])
        except ConferencesError as error:
            form.add_error("address", REFUSAL_WORDS[type(error)])
        except Malformed:
            form.add_error("address", NOT_SHOWABLE)
        else:
            wanted = pending.Wanted(action, identity.subject, {name: request.POST.get(name, "") for name in form.fields})
            page = reverse("conference", kwargs={"conference_id": found.id})
            return redirect(pending.begin(request.session, next_path=page, now=now, wanted=wanted))
    return _page(request, identity, _visible(identity, conference_id), form, status=422)


@require_http_methods(["GET", "HEAD", "POST"])
@identity_required()
def withdraw(request: HttpRequest, identity: Identity, conference_id: str, participant_id: int) -> HttpResponse:
    """Ask, then withdraw one invitation."""
    found = _initiated(identity, conference_id)
    participant = found.participants.filter(pk=participant_id).first()
    if participant is None:
        raise Http404
    if request.method != "POST":
        context = {"identity": identity, "conference": found, "participant": participant}
        return render(request, "conferences/withdraw.html", context)
    _attempt(
        request,
        lambda now: withdraw_invitation(conference_id=found.id, participant_id=participant_id, actor=identity.email, now=now),
        f"{participant.identity} is no longer invited and gets no further key.",
    )
    return redirect("conference", conference_id=found.id)


@require_http_methods(["GET", "HEAD", "POST"])
@identity_required()
def end(request: HttpRequest, identity: Identity, conference_id: str) -> HttpResponse:
    """Ask, then end the conference for everybody."""
    found = _initiated(identity, conference_id)
    now = timezone.now()
    if request.method != "POST":
        context = {
            "identity": identity,
            "card": card_of(found, zone=viewer_zone(request), now=now),
            "not_begun": now < found.starts_at,
        }
        return render(request, "conferences/end.html", context)
    _attempt(
        request,
        lambda now: end_conference(conference_id=found.id, reason="initiator", actor=identity.email, now=now),
        "The conference is called off." if now < found.starts_at else "The conference is ended for everybody.",
    )
    return redirect("conference", conference_id=found.id)


@require_safe
@identity_required()
def calendar_file(_request: HttpRequest, identity: Identity, conference_id: str) -> HttpResponse:
    """The conference as an iCalendar file, without an answer to give."""
    found = _visible(identity, conference_id)
    content = invitation_calendar(found, method=PUBLISH, sequence=found.sequence, now=timezone.now())
    response = HttpResponse(content, content_type="text/calendar; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="conference.ics"'
    return response


def _visible(identity: Identity, conference_id: str) -> Conference:
    found = visible_conference(identity, conference_id)
    if found is None:
        raise Http404
    return found


def _initiated(identity: Identity, conference_id: str) -> Conference:
    found = initiated_conference(identity, conference_id)
    if found is None:
        raise Http404
    return found


def _attempt(request: HttpRequest, change: Callable[[datetime], object], success: str) -> None:
    try:
        change(timezone.now())
    except ConferencesError as error:
        messages.error(request, REFUSAL_WORDS[type(error)])
    else:
        messages.success(request, success)


def _page(request: HttpRequest, identity: Identity, found: Conference, form: InviteForm, status: int = 200) -> HttpResponse:
    now = timezone.now()
    is_mine = found.initiator_identity == identity.email and found.organisation.slug == identity.organisation
    context = {
        "identity": identity,
        "card": card_of(found, zone=viewer_zone(request), now=now),
        "overdue_before": now - MAIL_EXPECTED,
        "is_mine": is_mine,
        "may_audit": is_mine or (identity.is_auditor and found.organisation.slug == identity.organisation),
        "participants": invited_participants(found) if is_mine else None,
        "invited_count": found.invited_count - 1,  # type: ignore[attr-defined]  # annotated by the selector
        "form": form,
    }
    return render(request, "conferences/conference.html", context, status=status)
