"""``/health``: this process answers. ``/ready``: what it depends on does, each by name (DESIGN section 12).

Needed parts that are away make it 503; without the others the key service goes on, and the answer says ``degraded``.
The answers say nothing about why: that stands in the log.
"""

import logging
import os
from collections.abc import Callable
from pathlib import Path

import redis
from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from kmf.errors import KMFUnavailable, RootKeyWrong
from kmf.services.day_keys import check_day_keys

logger = logging.getLogger(__name__)
PING_S = 1.0


class Away(Exception):
    """A dependency does not answer or cannot be used. The message is safe to log."""

    state = "away"


class Wrong(Away):
    """It is there, and not the one that is needed."""

    state = "wrong"


@never_cache
@require_safe
def health(_request: HttpRequest) -> JsonResponse:
    """Liveness: 200 as long as requests are served at all."""
    return JsonResponse({"status": "ok"})


@never_cache
@require_safe
def ready(_request: HttpRequest) -> JsonResponse:
    """Readiness of the trusted site: ``{"status": ok|degraded|unavailable, "dependencies": {name: ok|away|wrong}}``."""
    found = {name: _probe(name, check) for name, check in (NEEDED | HELPFUL).items()}
    missing = {name for name, state in found.items() if state != "ok"}
    status = "unavailable" if missing & NEEDED.keys() else "degraded" if missing else "ok"
    response = JsonResponse({"status": status, "dependencies": found}, status=503 if status == "unavailable" else 200)
    if status == "unavailable":
        response["Retry-After"] = "5"
    return response


def check_database() -> None:
    """Check that the database answers a query.

    Raises:
        Away: it does not.

    """
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        raise Away("database does not answer") from None


def check_valkey() -> None:
    """Check that Redis or Valkey answers a ping within a second.

    Raises:
        Away: it does not.

    """
    with redis.Redis.from_url(settings.REDIS_URL, socket_timeout=PING_S, socket_connect_timeout=PING_S) as client:
        try:
            client.ping()
        except redis.RedisError:
            raise Away("valkey does not answer") from None


def check_keys() -> None:
    """Check that the root key opens the day keys, that these can be written and the signing keys can be read.

    Raises:
        Wrong: the root key is another one than that of the day keys.
        Away: one of them is not there.

    """
    try:
        check_day_keys()
    except RootKeyWrong as wrong:
        raise Wrong(wrong.reason) from None
    except KMFUnavailable as away:
        raise Away(away.reason) from None
    if not _is_writable_directory(Path(settings.KMF_DAY_KEYS_DIR)):
        raise Away("day keys cannot be written")
    for name in ("token-signing.pem", "roster-signing.pem"):
        if not os.access(settings.ENV.secret_file(name), os.R_OK):
            message = f"{name} cannot be read"
            raise Away(message)


def check_mail() -> None:
    """Check that messages written as files have their directory; a mail server is not asked.

    Raises:
        Away: the directory is not writable.

    """
    if settings.EMAIL_BACKEND.endswith("eml_files.EmailBackend") and not _is_writable_directory(Path(settings.EMAIL_FILE_PATH)):
        raise Away("mail directory cannot be written")


NEEDED: dict[str, Callable[[], None]] = {"database": check_database, "keys": check_keys}
HELPFUL: dict[str, Callable[[], None]] = {"valkey": check_valkey, "mail": check_mail}


def _probe(name: str, check: Callable[[], None]) -> str:
    try:
        check()
    except Away as reason:
        logger.warning("not ready: %s", reason)
        return reason.state
    except Exception:
        logger.exception("not ready: the check of %s failed", name)
        return "away"
    return "ok"


def _is_writable_directory(path: Path) -> bool:
    return path.is_dir() and os.access(path, os.W_OK)
