"""Celery wakes, the database decides: the sweep settles what is due, in every conference that has keys."""

import logging
from datetime import UTC, datetime

from celery import shared_task
from django.db import Error as DatabaseError

from kmf.errors import KMFError
from kmf.services.clean import clean_up
from kmf.services.destroy import destroy_due
from kmf.services.due import look_at_all, settle_if_due

_log = logging.getLogger(__name__)


@shared_task(name="kmf.sweep")  # type: ignore[untyped-decorator]  # celery has no types
def sweep() -> None:
    """Settle every open conference with something due, and destroy what is; one that fails does not stop the others."""
    for conference_id in look_at_all(now=datetime.now(UTC)):
        try:
            settle_if_due(conference_id=conference_id, now=datetime.now(UTC))
        except (DatabaseError, KMFError):
            _log.warning("sweep: a conference could not be settled now")
        except Exception:  # noqa: BLE001  whatever is wrong with one, the others' keys end at their time
            _log.exception("sweep: a conference could not be settled")
    try:
        destroy_due(now=datetime.now(UTC))
    except (DatabaseError, OSError):
        _log.warning("sweep: keys could not be destroyed now")


@shared_task(name="kmf.clean")  # type: ignore[untyped-decorator]  # celery has no types
def clean() -> None:
    """Drop what nobody may need any more."""
    clean_up(now=datetime.now(UTC))
