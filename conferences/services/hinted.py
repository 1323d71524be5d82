"""Whoever looks after keys and media is told of a change once it is committed, beside the outbox, which tells him for certain.

The outbox is looked at every second, and so are keys: a right that was withdrawn just after both looks would outlive the second.
"""

from collections.abc import Callable
from functools import partial

from django.db import transaction

_listeners: list[Callable[[str], None]] = []


def register_listener(listener: Callable[[str], None]) -> None:
    """Have ``listener(conference_id)`` called after each change that is committed. Apps above register when they are ready.

    It must neither wait nor raise.
    """
    if listener not in _listeners:
        _listeners.append(listener)


def hint_on_commit(conference_id: str) -> None:
    """Tell the listeners once the surrounding transaction is committed."""
    for listener in _listeners:
        transaction.on_commit(partial(listener, conference_id))
