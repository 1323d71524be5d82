"""A ceiling on refused token requests for one address: a guesser is slowed, and the audit is not flooded by him."""

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
    if not cache.add(_key(request), 1, timeout=WINDOW_S):
        cache.incr(_key(request))


def _key(request: HttpRequest) -> str:
    return f"token-refusals:{get_adapter().get_client_ip(request)}"
