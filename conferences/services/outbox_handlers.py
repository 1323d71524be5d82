"""Which handler delivers which kind of outbox item. Apps above register theirs when they are ready."""

from collections.abc import Mapping
from types import MappingProxyType

from conferences.mail.delivery import send_cancellation, send_invitation, send_reminder
from conferences.services.outbox import Handler

_handlers: dict[str, Handler] = {
    "invitation.request": send_invitation,
    "invitation.cancel": send_cancellation,
    "invitation.reminder": send_reminder,
}


def register(kind: str, handler: Handler) -> None:
    """Let ``handler(item, now)`` deliver items of ``kind``. It is idempotent and raises to be called again later.

    Raises:
        RuntimeError: another handler has this kind.

    """
    if _handlers.setdefault(kind, handler) is not handler:
        msg = f"outbox kind {kind} has a handler"
        raise RuntimeError(msg)


def registered() -> Mapping[str, Handler]:
    """All handlers by kind."""
    return MappingProxyType(_handlers)
