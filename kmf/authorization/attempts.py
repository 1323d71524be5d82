"""Whom a wrong password counts against, so that a guesser is stopped and nobody else is kept out by him.

A browser in which an account has signed in before keeps a cookie that says so. Its wrong passwords for that account count by
themselves, as do those of a session that confirms its own password: guesses from elsewhere, were it from behind the same
address, cannot use their attempts up. Every other browser shares its address with whoever else is behind it.
"""

import secrets
from collections.abc import Sequence
from datetime import timedelta

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import salted_hmac

from kmf.authorization import limits
from kmf.authorization.addresses import client_network
from kmf.authorization.limits import Limit

COOKIE = "known"
KEPT_FOR = timedelta(days=90)
_ACCOUNTS = 5  # that one browser may be known by
_SALT = "kmf.authorization.known_browser"


def counted_as(request: HttpRequest, email: str) -> list[tuple[Limit, str]]:
    """What an attempt for ``email`` is counted as, each to be counted before the password is looked at."""
    email = email.strip().lower()
    if request.user.is_authenticated and getattr(request.user, "email", None) == email:
        return [(limits.WRONG_PASSWORDS, f"session {request.session.session_key} {email}")]
    browser, known = _read(request)
    if _mark(email) in known:
        return [(limits.WRONG_PASSWORDS, f"browser {browser} {email}")]
    network = client_network(request)
    return [(limits.WRONG_SIGN_INS, network), (limits.WRONG_PASSWORDS, f"{network} {email}")]


def make_known(request: HttpRequest, response: HttpResponse, email: str) -> None:
    """Have the browser remember that this account has signed in with it. The cookie opens nothing."""
    browser, known = _read(request)
    mark = _mark(email)
    marks = [*(each for each in known if each != mark), mark][-_ACCOUNTS:]
    response.set_cookie(
        _cookie_name(),
        signing.dumps([browser, *marks], salt=_SALT),
        max_age=KEPT_FOR,
        httponly=True,
        samesite="Lax",
        secure=settings.SESSION_COOKIE_SECURE,
    )


def _read(request: HttpRequest) -> tuple[str, Sequence[str]]:
    """Name of this browser, and marks of the accounts that it is known by; a fresh name where there is no cookie of ours."""
    try:
        browser, *marks = signing.loads(request.COOKIES.get(_cookie_name(), ""), salt=_SALT, max_age=KEPT_FOR)
    except signing.BadSignature:
        return secrets.token_urlsafe(12), []
    return str(browser), [str(mark) for mark in marks]


def _mark(email: str) -> str:
    """An account as the cookie names it: who reads the cookie learns no address."""
    return salted_hmac(_SALT, email.strip().lower(), algorithm="sha256").hexdigest()[:32]


def _cookie_name() -> str:
    return f"__Host-{COOKIE}" if settings.SESSION_COOKIE_SECURE else COOKIE
