"""``/sign-in/with/{provider}``: to the company's sign-in and back; ``/confirm/company``: confirming who one is there."""

import secrets

from allauth.account.adapter import get_adapter as get_account_adapter
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.providers.base.constants import AuthProcess
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe
from requests import RequestException

from conferences.rules import SIGN_IN_MAX_AGE
from kmf.authorization.company.adapter import SignedTokens, provider_of, refuse
from kmf.authorization.company.errors import CompanyRefused
from kmf.authorization.company.linking import company_of
from kmf.authorization.models import Account

_AWAY = 503


@require_POST
@never_cache
def begin(request: HttpRequest, provider_id: str) -> HttpResponseBase:
    """Send the browser to the company's sign-in; ``fresh``: it is to ask the person again."""
    provider = provider_of(provider_id)
    if provider is None:
        raise Http404
    next_url = request.POST.get("next") or ""
    nonce = secrets.token_urlsafe(32)
    max_age = 0 if request.POST.get("fresh") else int(SIGN_IN_MAX_AGE.total_seconds())
    parameters = {"nonce": nonce, "max_age": str(max_age)}
    if request.POST.get("fresh") and provider.factor_acr:
        parameters["acr_values"] = " ".join(provider.factor_acr)
    try:
        client = SignedTokens(request, provider_id).get_provider()
        response: HttpResponseBase = client.redirect(
            request,
            process=AuthProcess.LOGIN,
            next_url=next_url if get_account_adapter().is_safe_url(next_url) else None,
            auth_params=parameters,
            nonce=nonce,
        )
    except (RequestException, ValueError, KeyError):
        return refuse(request, provider_id, CompanyRefused("away", "provider is away"), status=_AWAY)
    return response


@require_safe
@never_cache
def callback(request: HttpRequest, provider_id: str) -> HttpResponseBase:
    """Take the answer of the company's provider."""
    if provider_of(provider_id) is None:
        raise Http404
    try:
        response: HttpResponseBase = OAuth2CallbackView.adapter_view(SignedTokens(request, provider_id))(request)
    except ImmediateHttpResponse as answer:
        response = answer.response
    except (RequestException, ValueError, KeyError, TypeError):
        return refuse(request, provider_id, CompanyRefused("failed", "provider's answer does not hold"))
    return response


@require_safe
@never_cache
@login_required(login_url="/sign-in")
def confirm(request: HttpRequest) -> HttpResponse:
    """Ask somebody who signed in at the company to do that once more."""
    provider = company_of(request.user) if isinstance(request.user, Account) else None
    if provider is None:
        raise Http404
    context = {"provider": provider, "redirect_field_value": request.GET.get("next", "")}
    return render(request, "company/confirm.html", context)
