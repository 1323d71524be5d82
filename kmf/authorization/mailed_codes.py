"""Codes that go by mail: how they look, how long and how often they are good, and the form in which they are kept."""

import secrets
from datetime import timedelta

from django.utils.crypto import constant_time_compare, salted_hmac

LIFETIME = timedelta(minutes=10)
TRIES = 5
WAITS_FOR_MAIL = timedelta(minutes=30)  # then an unsent code is of no use to anybody
_DIGITS = 8


def fresh_code() -> str:
    """Eight digits."""
    return "".join(secrets.choice("0123456789") for _ in range(_DIGITS))


def spaced(code: str) -> str:
    """As the mail shows it."""
    return f"{code[:4]} {code[4:]}"


def hash_of(code: str, *, purpose: str, ticket: str) -> str:
    """Hash under the site's secret: eight digits are guessed from a plain one in a moment. ``ticket`` is whose code it is."""
    return salted_hmac(purpose, f"{ticket}:{code}", algorithm="sha256").hexdigest()


def is_right(typed: str, kept: str, *, purpose: str, ticket: str) -> bool:
    """Whether what somebody typed is the code of this hash."""
    code = "".join(typed.split()).replace("-", "")
    return constant_time_compare(kept, hash_of(code, purpose=purpose, ticket=ticket))
