"""A ceiling on refused requests for one address or account: a guesser is slowed, and the audit is not flooded by him."""

from allauth.account.adapter import get_adapter
from django.core.cache import cache
from django.http import HttpRequest

WINDOW_S = 60
REFUSALS_A_WINDOW = 60


def over_limit(request: HttpRequest) -> bool:
    """Whether the address of ``request`` was refused too often within the window."""
    return int(cache.get(_key(request), 0)) >= REFUSALS_A_WINDOW


def count_refusal(request: HttpRequest) -> None:
    """Count one refusal against the address of ``request``."""
    _count(_key(request))


def refused_too_often(whom: str) -> bool:
    """Count one refusal of the KMF against an address or an account's id; whether it was one too many."""
    return _count(f"key-refusals:{whom}") > REFUSALS_A_WINDOW


def _count(key: str) -> int:
    if cache.add(key, 1, timeout=WINDOW_S):
        return 1
    try:
        return int(cache.incr(key))
    except ValueError:  # the window ended between the two
        return 1


def _key(request: HttpRequest) -> str:
    return f"token-refusals:{get_adapter().get_client_ip(request)}"
