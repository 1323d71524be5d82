"""Another token-signing key takes over, and nobody is refused meanwhile.

Three steps, each a rename or a new file, with a pause between them: *announce* (the next key is published), *switch* (it signs,
the earlier one is still published), *retire* (the earlier one is gone).

A step is in the audit before it is done: no audit, no key. Where the process dies between the two, the same step is due again.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from django.conf import settings
from django.db import transaction

from conferences.services import audit
from kmf.authorization.keys import next_file, previous_file, read_key
from protocol.jwks import key_id

# Copies of /jwks are kept for 5 minutes, tokens are good for 5 minutes: twice that, for clocks and slow readers.
PAUSE = timedelta(minutes=10)


@dataclass(frozen=True)
class Step:
    """What was done (``announced``, ``switched``, ``retired``, or ``waits``), and when the next step is due; None: no more."""

    done: str
    next_at: datetime | None


@dataclass(frozen=True)
class _Due:
    """A step that is due: its name, the key that it is about, and what does it."""

    name: str
    kid: str
    do: Callable[[], None]
    next_at: datetime | None


def rotate(*, now: datetime, at_once: bool = False) -> Step:
    """Do the step that is due.

    Args:
        now: UTC.
        at_once: without the pauses: a key that may be known to somebody else is of no use from now on, and who holds a token
            or an old copy of ``/jwks`` is refused for minutes.

    """
    found = _retire(now, at_once=at_once) or _switch(now, at_once=at_once) or _announce(now)
    if isinstance(found, Step):
        return found
    details = {"step": found.name, "kid": found.kid}
    with transaction.atomic():
        audit.record(event="token_key.rotated", at=now, actor="operator", details=details)
    found.do()
    return Step(found.name, found.next_at)


def _retire(now: datetime, *, at_once: bool) -> _Due | Step | None:
    """The earlier key goes."""
    file = previous_file()
    if not file.exists():
        return None
    due = _changed_at(file) + PAUSE
    if now < due and not at_once:
        return Step("waits", due)
    return _Due("retired", read_key(file).kid, file.unlink, None)


def _switch(now: datetime, *, at_once: bool) -> _Due | Step | None:
    """The next key signs."""
    upcoming = next_file()
    if not upcoming.exists():
        return None
    due = _changed_at(upcoming) + PAUSE
    if now < due and not at_once:
        return Step("waits", due)

    def switch() -> None:
        file = settings.TOKEN_SIGNING_KEY_FILE
        # The earlier key is published under both names before the next one takes its place: at no moment is there none.
        os.link(file, previous_file())
        os.utime(file, (now.timestamp(), now.timestamp()))  # of the one file under both names: its pause begins
        upcoming.replace(file)

    return _Due("switched", read_key(upcoming).kid, switch, now + PAUSE)


def _announce(now: datetime) -> _Due:
    """A key is made and published."""
    private = ec.generate_private_key(ec.SECP256R1())
    return _Due("announced", key_id(private.public_key()), lambda: _publish(private, now), now + PAUSE)


def _publish(private: ec.EllipticCurvePrivateKey, now: datetime) -> None:
    made = next_file().with_suffix(".new")
    pem = private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    made.unlink(missing_ok=True)
    with os.fdopen(os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as opened:
        opened.write(pem)
        opened.flush()
        os.fsync(opened.fileno())
    owner = settings.TOKEN_SIGNING_KEY_FILE.stat()
    os.chown(made, owner.st_uid, owner.st_gid)  # run as root it belongs to whom the present key belongs
    os.utime(made, (now.timestamp(), now.timestamp()))
    made.replace(next_file())


def _changed_at(file: Path) -> datetime:
    return datetime.fromtimestamp(file.stat().st_mtime, tz=UTC)
