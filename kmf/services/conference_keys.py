r"""A conference's key: a file sealed under the day key of the conference's first day, outside the database and its backups.

``"conclave/1 conference key\n" ‖ day ‖ "\n" ‖ sealed``. Everything of the conference that lies in the database is sealed under
it; with the file gone no copy of the database opens, old or new (ADR 0021).
"""

from datetime import date, datetime
from pathlib import Path

from django.conf import settings

from conferences.models import Conference
from kmf.crypto.seal import associated_data, new_key, seal, unseal
from kmf.crypto.secret_bytes import SecretBytes
from kmf.errors import KMFUnavailable
from kmf.models import ConferenceKey
from kmf.services.day_keys import day_key
from kmf.services.key_files import remove, replace

_MAGIC = b"conclave/1 conference key\n"
_DAY_LENGTH = 10


def make_conference_key(*, conference: Conference, now: datetime) -> None:
    """Make the conference's key under today's day key, if it has none. The caller holds the conference's lock.

    A file without a row is of a transaction that came to nothing: nothing was sealed under it.
    """
    if ConferenceKey.objects.filter(conference=conference).exists():
        return
    day = now.date()
    sealed = seal(day_key(day, create=True), new_key(), data=_data(conference.id, day))
    replace(_path(conference.id), _MAGIC + day.isoformat().encode() + b"\n" + sealed)
    ConferenceKey.objects.create(conference=conference, organisation=conference.organisation, day=day)


def conference_key(conference_id: str) -> SecretBytes:
    """The conference's key.

    Raises:
        KMFUnavailable: destroyed, or a key above it is away.

    """
    try:
        content = _path(conference_id).read_bytes()
    except OSError:
        raise KMFUnavailable("the conference's key is destroyed") from None
    start = len(_MAGIC) + _DAY_LENGTH
    try:
        day = date.fromisoformat(content[len(_MAGIC) : start].decode())
    except ValueError:
        raise KMFUnavailable("the conference's key file is damaged") from None
    return unseal(day_key(day), content[start + 1 :], data=_data(conference_id, day))


def remove_conference_key(conference_id: str) -> None:
    """Take the file away: what was sealed under the key is closed for ever."""
    remove(_path(conference_id))


def _path(conference_id: str) -> Path:
    return Path(settings.KMF_DAY_KEYS_DIR) / "conferences" / f"{conference_id}.key"


def _data(conference_id: str, day: date) -> bytes:
    return associated_data(purpose="conference key", owner=conference_id, key_id=day.isoformat())
