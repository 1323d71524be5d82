"""E-mail backend of the embedded shape: one ``.eml`` file a message under ``EMAIL_FILE_PATH``."""

import hashlib
import os
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

SLUG_LENGTH = 40


class EmailBackend(BaseEmailBackend):
    """Writes ``{time}-{recipient}-{hash}.eml``, mode 0600; a file is there wholly or not at all."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Write the messages; number of those written."""
        directory = Path(settings.EMAIL_FILE_PATH)
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        for message in email_messages:
            _write(directory, message)
        return len(email_messages)


def _write(directory: Path, message: EmailMessage) -> None:
    content = message.message().as_bytes()
    target = directory / _file_name(message, content)
    draft = target.with_suffix(".part")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    draft.replace(target)


def _file_name(message: EmailMessage, content: bytes) -> str:
    recipients = message.recipients()
    slug = re.sub(r"[^a-z0-9]+", "-", recipients[0].lower() if recipients else "nobody").strip("-")[:SLUG_LENGTH]
    return f"{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}-{slug}-{hashlib.sha256(content).hexdigest()[:8]}.eml"
