"""What the trusted sites depend on. Without the needed parts no key leaves; without the others keys go on."""

import os
import smtplib
from pathlib import Path

import redis
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from django.conf import settings

from config.embedded.secrets import MAKERS
from config.probes.database import check_database
from config.probes.look import Away, Check, Wrong
from config.swept import was_swept
from kmf.errors import KMFUnavailable, RootKeyWrong
from kmf.services.day_keys import check_day_keys

PING_S = 0.7


def check_broker() -> None:
    """Check that Redis or Valkey answers a ping.

    Raises:
        Away: it does not.

    """
    try:
        with redis.Redis.from_url(settings.REDIS_URL, socket_timeout=PING_S, socket_connect_timeout=PING_S) as client:
            client.ping()
    except redis.RedisError:
        raise Away("broker does not answer") from None


def check_worker() -> None:
    """Check that a worker has swept lately (and the clock has woken it).

    Raises:
        Away: none has, or it cannot be told because the broker is away.

    """
    if not was_swept(settings.REDIS_URL):
        raise Away("no worker has swept lately")


def check_root_key() -> None:
    """Check that the root key opens the day keys and that these can be written.

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
    if not is_writable(Path(settings.KMF_DAY_KEYS_DIR)):
        raise Away("day keys cannot be written")


def check_signing_keys() -> None:
    """Check that every signing key can be read and is a key.

    Raises:
        Away: one is not.

    """
    for name in MAKERS["trusted"]:
        if name.endswith(".pem"):
            try:
                load_pem_private_key(settings.ENV.secret_file(name).read_bytes(), None)
            except (OSError, ValueError, TypeError):
                message = f"{name} cannot be read"
                raise Away(message) from None


def check_mail() -> None:
    """Check that the mail server greets, or that messages can be written as files.

    Raises:
        Away: it does not, or they cannot.

    """
    if settings.EMAIL_BACKEND.endswith("eml_files.EmailBackend"):
        if not is_writable(Path(settings.EMAIL_FILE_PATH)):
            raise Away("mail directory cannot be written")
        return
    try:
        with smtplib.SMTP(settings.EMAIL_HOST, settings.EMAIL_PORT, timeout=PING_S) as server:
            server.noop()
    except OSError:  # smtplib's errors included
        raise Away("mail server does not answer") from None


def is_writable(directory: Path) -> bool:
    """Whether new files can be made in ``directory``, as far as modes tell."""
    return directory.is_dir() and os.access(directory, os.W_OK | os.X_OK)


NEEDED: dict[str, Check] = {"database": check_database, "root_key": check_root_key, "signing_keys": check_signing_keys}
HELPFUL: dict[str, Check] = {"broker": check_broker, "worker": check_worker}
HELPFUL_CORE: dict[str, Check] = HELPFUL | {"mail": check_mail}
