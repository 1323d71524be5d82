"""Checks of the audit: its signing key, how far its tree is behind, and whether the receiver gets entries."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from config.doctor.finding import ERROR, OK, WARNING, Finding, Situation
from config.doctor.parts import LOGS, load_site

BEHIND = timedelta(seconds=60)


def signing_key(_situation: Situation) -> Iterator[Finding]:
    """The key that signs checkpoints can be read."""
    load_site()
    from conferences.services.audit_key import log_signing_key  # noqa: PLC0415  after load_site

    mend = "bring audit-signing.pem back from the backup; with another key no checkpoint can follow the last"
    try:
        log_signing_key()
    except OSError:
        yield Finding(ERROR, "the audit's signing key cannot be read", mend)
    except Exception:  # noqa: BLE001  whatever the parser says: it may hold what must not be shown
        yield Finding(ERROR, "the audit's signing key is damaged, or none of Ed25519", mend)
    else:
        yield Finding(OK, "the audit's signing key can be read")


def tree(situation: Situation) -> Iterator[Finding]:
    """The tree is of that key, entries come under a checkpoint within a minute, and the receiver takes them."""
    load_site()
    from django.utils import timezone  # noqa: PLC0415  after load_site

    now = timezone.now()
    yield from _log_key()
    yield from _lag(situation, now)
    yield from _receiver()


def _log_key() -> Iterator[Finding]:
    from conferences.audit.checkpoint import LogKey  # noqa: PLC0415
    from conferences.selectors.audit_tree import audit_tree  # noqa: PLC0415
    from conferences.services.audit_key import log_signing_key  # noqa: PLC0415

    begun = audit_tree()
    if begun is None:
        yield Finding(OK, "the audit's tree is not begun yet")
    elif LogKey(begun.origin, log_signing_key().public_key().public_bytes_raw()).text != begun.log_key:
        mend = "bring the audit-signing.pem back that this database began with; until then entries come under no checkpoint"
        yield Finding(ERROR, "the audit's signing key is not the one that its tree began with", mend)
    else:
        yield Finding(OK, "the audit's signing key is that of its tree")


def _lag(situation: Situation, now: datetime) -> Iterator[Finding]:
    from conferences.models import AuditEntry  # noqa: PLC0415

    waiting = AuditEntry.objects.filter(leaf=None)
    oldest = waiting.order_by("id").values_list("at", flat=True).first()
    if oldest is not None and now - oldest > BEHIND:
        text = f"{waiting.count()} entries of the audit wait for a checkpoint, the oldest since {oldest:%Y-%m-%d %H:%M:%S} UTC"
        yield Finding(WARNING, text, LOGS.format(log=situation.state.log("worker")))
    else:
        yield Finding(OK, "the audit's tree keeps up")


def _receiver() -> Iterator[Finding]:
    from django.conf import settings  # noqa: PLC0415

    from conferences.models import AuditCursor, AuditTree  # noqa: PLC0415
    from conferences.services.audit_forward import CURSOR  # noqa: PLC0415

    if not settings.AUDIT_RECEIVER:
        return
    cursor = AuditCursor.objects.filter(name=CURSOR).first()
    size = AuditTree.objects.values_list("size", flat=True).first() or 0
    owed = size - (cursor.next_leaf if cursor is not None else 0)
    if cursor is not None and cursor.last_error:
        mend = "check the receiver and CONCLAVE_AUDIT_SYSLOG; entries wait, and are not pruned before it has got them"
        yield Finding(WARNING, f"the receiver of the audit takes nothing ({cursor.last_error}); {owed} entries wait", mend)
    else:
        yield Finding(OK, f"the receiver of the audit takes entries, {owed} are on their way")
