"""``/sign-in/saml/{provider}``: to the company's sign-in and back; ``/confirm/saml``: confirming who one is there."""

import secrets

from allauth.account.adapter import get_adapter
from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from kmf.authorization import limits
from kmf.authorization.addresses import client_network
from kmf.authorization.company.errors import CompanyRefused
from kmf.authorization.company.linking import account_for, company_of
from kmf.authorization.company.opening import open_session, record_of
from kmf.authorization.errors import TooManyAttempts
from kmf.authorization.models import Account
from kmf.authorization.saml import requests
from kmf.authorization.saml.configuration import SamlProvider
from kmf.authorization.saml.messages import metadata as our_metadata
from kmf.authorization.saml.names import answer_url, entity_id
from kmf.authorization.sign_in import record_refusal_at, refuse_too_many

_TICKET = "saml_ticket"  # session entry: what says that this browser asked
_METADATA_TYPE = "application/samlmetadata+xml"


class _SeeOther(HttpResponseRedirect):
    """Whatever the method was, the next request is a GET."""

    status_code = 303


def _provider(name: str) -> SamlProvider:
    providers: list[SamlProvider] = settings.SAML_PROVIDERS
    found = next((one for one in providers if one.name == name), None)
    if found is None:
        raise Http404
    return found


@require_POST
@never_cache
def begin(request: HttpRequest, provider_name: str) -> HttpResponse:
    """Send the browser to the company's sign-in; ``fresh``: it is to ask the person again; ``factor``: for a second factor."""
    provider = _provider(provider_name)
    path = request.POST.get("next") or ""
    ticket = request.session.get(_TICKET) or secrets.token_urlsafe(32)
    request.session[_TICKET] = ticket
    url = requests.ask(
        provider,
        ticket=ticket,
        next_path=path if get_adapter().is_safe_url(path) else "",
        is_forced=bool(request.POST.get("fresh")),
        wants_factor=bool(request.POST.get("factor")),
        now=timezone.now(),
    )
    return HttpResponseRedirect(url)


@csrf_exempt
@require_POST
@never_cache
def answer(request: HttpRequest, provider_name: str) -> HttpResponse:
    """Take the provider's answer. No cookie comes with it, and none is set: the next step finds out whose browser this is."""
    provider = _provider(provider_name)
    encoded, relay_state = request.POST.get("SAMLResponse", ""), request.POST.get("RelayState", "")
    try:
        shown = requests.take(provider, encoded=encoded, relay_state=relay_state, now=timezone.now())
    except CompanyRefused as refusal:
        return _refuse(request, provider, refusal)
    return _SeeOther(f"/sign-in/saml/{provider.name}/finish?{urlencode({'answer': shown})}")


@require_safe
@never_cache
def finish(request: HttpRequest, provider_name: str) -> HttpResponse:
    """Sign in the person whom the kept answer names, in the browser that asked."""
    provider, now = _provider(provider_name), timezone.now()
    shown, ticket = request.GET.get("answer", ""), request.session.get(_TICKET, "")
    try:
        signed_in = requests.finish(provider, shown=shown, ticket=ticket, now=now)
        account = account_for(provider, signed_in.claims, now=now)
    except CompanyRefused as refusal:
        return _refuse(request, provider, refusal)
    record = record_of(provider, signed_in.claims, now=now)
    return open_session(request, account, method="saml", record=record, next_path=signed_in.next_path or None)


@require_safe
def metadata(_request: HttpRequest, provider_name: str) -> HttpResponse:
    """What the provider's administrator needs to know of us."""
    name = _provider(provider_name).name
    document = our_metadata(audience=entity_id(settings.ORIGINS.auth, name), answer_url=answer_url(settings.ORIGINS.auth, name))
    return HttpResponse(document, content_type=_METADATA_TYPE)


@require_safe
@never_cache
@login_required(login_url="/sign-in")
def confirm(request: HttpRequest) -> HttpResponse:
    """Ask somebody who signed in at the company to do that once more."""
    provider = company_of(request.user) if isinstance(request.user, Account) else None
    if not isinstance(provider, SamlProvider):
        raise Http404
    context = {"provider": provider, "next": request.GET.get("next", ""), "factor": request.GET.get("factor", "")}
    return render(request, "saml/confirm.html", context)


def _refuse(request: HttpRequest, provider: SamlProvider, refusal: CompanyRefused) -> HttpResponse:
    """Audit a refusal with its reason, and say what to do. Who sends nonsense is heard so often a minute."""
    now = timezone.now()
    try:
        limits.count(limits.SAML_REFUSALS, client_network(request), now=now)
    except TooManyAttempts as too_many:
        refuse_too_many(request, "", too_many)
    record_refusal_at(provider.name, refusal.reason)
    return render(request, "company/refused.html", {"code": refusal.code}, status=403)
