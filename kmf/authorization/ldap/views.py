"""``/sign-in/ldap/{directory}`` and ``/confirm/ldap/{directory}``: login and password of the company's directory."""

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.login import perform_login, record_authentication
from allauth.account.models import Login
from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods

from kmf.authorization import limits
from kmf.authorization.attempts import counted_as
from kmf.authorization.company.errors import CompanyRefused
from kmf.authorization.company.linking import account_for
from kmf.authorization.errors import TooManyAttempts
from kmf.authorization.ldap.asking import find_out
from kmf.authorization.ldap.configuration import LdapDirectory
from kmf.authorization.ldap.errors import DirectoryAway, WrongPassword
from kmf.authorization.models import Account
from kmf.authorization.sign_in import record_refusal, record_refusal_at, refuse_too_many

_WRONG, _NO_ACCOUNT, _AWAY = 422, 403, 503
_METHOD = "ldap"


@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
@never_cache
def sign_in(request: HttpRequest, directory_name: str) -> HttpResponse:
    """Show the form, or take it. Whatever is wrong with login or password gets one answer."""
    directory = _directory(directory_name)
    if request.method == "GET":
        return _form(request, directory)
    try:
        account = _account(request, directory)
    except WrongPassword as refusal:
        return _form(request, directory, refusal)
    except (DirectoryAway, CompanyRefused) as refusal:
        return _refused(request, directory, refusal)
    if request.user.is_authenticated and request.user != account:
        get_adapter().logout(request)
    record_authentication(request, account, _METHOD, directory=directory.name)
    response: HttpResponse = perform_login(request, Login(user=account, redirect_url=_next(request) or None))
    return response


@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
@never_cache
@login_required(login_url="/sign-in")
def confirm(request: HttpRequest, directory_name: str) -> HttpResponse:
    """Have the person who is signed in type login and password once more."""
    directory = _directory(directory_name)
    if request.method == "GET":
        return _form(request, directory)
    try:
        account = _account(request, directory)
        if account != request.user:
            raise WrongPassword("password of somebody else")  # noqa: TRY301  one answer for both
    except WrongPassword as refusal:
        return _form(request, directory, refusal)
    except (DirectoryAway, CompanyRefused) as refusal:
        return _refused(request, directory, refusal)
    record_authentication(request, account, _METHOD, directory=directory.name, reauthenticated=True)
    return HttpResponseRedirect(_next(request) or "/")


@sensitive_variables("password")
def _account(request: HttpRequest, directory: LdapDirectory) -> Account:
    """Whose login and password these are. Counted before they are looked at; what is not wrong is taken back."""
    login, password = request.POST.get("login", ""), request.POST.get("password", "")
    now, counted = timezone.now(), counted_as(request, login)
    try:
        for limit, whom in counted:
            limits.count(limit, whom, now=now)
    except TooManyAttempts as refusal:
        refuse_too_many(request, login, refusal)
    try:
        claims = find_out(directory, login, password, now=now)
    except DirectoryAway:
        _take_back(counted)
        raise
    _take_back(counted)
    return account_for(directory, claims, now=now)


def _take_back(counted: list[tuple[limits.Limit, str]]) -> None:
    for limit, whom in counted:
        limits.uncount(limit, whom)


def _directory(name: str) -> LdapDirectory:
    directory: LdapDirectory | None = next((one for one in settings.LDAP_DIRECTORIES if one.name == name), None)
    if directory is None:
        raise Http404
    return directory


def _form(request: HttpRequest, directory: LdapDirectory, refusal: WrongPassword | None = None) -> HttpResponse:
    login = request.POST.get("login", "")
    if refusal is not None:
        record_refusal(login, refusal.reason)
    context = {
        "directory": directory,
        "is_confirming": request.resolver_match is not None and request.resolver_match.url_name == "confirm_ldap",
        "login": login,
        "next": _next(request),
        "is_wrong": refusal is not None,
    }
    return render(request, "ldap/sign_in.html", context, status=200 if refusal is None else _WRONG)


def _refused(request: HttpRequest, directory: LdapDirectory, refusal: DirectoryAway | CompanyRefused) -> HttpResponse:
    record_refusal_at(directory.name, refusal.reason)
    code = refusal.code if isinstance(refusal, CompanyRefused) else "away"
    return render(request, "company/refused.html", {"code": code}, status=_AWAY if code == "away" else _NO_ACCOUNT)


def _next(request: HttpRequest) -> str:
    path = request.POST.get("next") or request.GET.get("next") or ""
    return path if get_adapter().is_safe_url(path) else ""
