"""``/second-factor/mail``: showing that one reads the account's mail, before the first second factor is added."""

import secrets

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from kmf.authorization.errors import TooManyAttempts, WrongCode
from kmf.authorization.second_factor import mailbox
from kmf.authorization.second_factor.guards import MAILBOX_SHOWN_AT, confirmed_lately, next_path, person_of, with_query
from kmf.authorization.sign_in import record_refusal, refuse_too_many

_TICKET = "mailbox_ticket"  # session entry: of the code that was asked for
_CODE_MAX = 40  # characters


@require_http_methods(["GET", "POST"])
@confirmed_lately
def show_mailbox(request: HttpRequest) -> HttpResponse:
    """Have a code mailed, or take it. Nothing is sent before somebody asks for it."""
    account, now = person_of(request), timezone.now()
    context = {"next": next_path(request), "address": account.email, "is_asked": _TICKET in request.session}
    if request.method == "GET":
        return render(request, "second_factor/mailbox.html", context)
    if "code" not in request.POST or not context["is_asked"]:
        ticket = secrets.token_urlsafe(32)
        try:
            mailbox.ask(account, ticket=ticket, now=now)
        except TooManyAttempts as refusal:
            refuse_too_many(request, account.email, refusal)
        request.session[_TICKET] = ticket
        return redirect(with_query(request.path, next=next_path(request)))
    try:
        mailbox.check_code(account, ticket=request.session[_TICKET], typed=request.POST["code"][:_CODE_MAX], now=now)
    except WrongCode as refusal:
        record_refusal(account.email, refusal.reason)
        error = "This code is not right, was used, or is over. Five tries are good for one code."
        return render(request, "second_factor/mailbox.html", {**context, "error": error}, status=422)
    del request.session[_TICKET]
    request.session[MAILBOX_SHOWN_AT] = now.timestamp()
    return HttpResponseRedirect(next_path(request) or "/")
