"""The operator at his command line, and a browser at the auth origin."""

from collections.abc import Callable
from io import StringIO

import pytest
from django.conf import settings
from django.core import mail
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from conferences.models import AuditEntry
from conferences.services.outbox import deliver_due
from kmf.authorization.accounts.password_link import KIND, send_link
from kmf.authorization.models import Account
from tests.kmf.authorization.oauth_client import host

PASSWORD = "four words nobody joins"


@pytest.fixture
def operator(db: None) -> Callable[..., str]:
    """``manage.py account …``: what it prints."""

    def run(*words: str) -> str:
        said = StringIO()
        call_command("account", *words, stdout=said)
        return said.getvalue().strip()

    return run


@pytest.fixture
def refused(operator) -> Callable[..., str]:
    """The same where it is refused: its code. Nothing has changed, which is looked at here."""

    def run(*words: str) -> str:
        before = everything()
        with pytest.raises(CommandError) as refusal:
            operator(*words)
        assert everything() == before
        code, _, reason = str(refusal.value).partition(": ")
        assert reason.endswith(".")
        return code

    return run


def everything():
    return list(Account.objects.order_by("pk").values()), AuditEntry.objects.count(), len(mail.outbox)


@pytest.fixture
def mailed() -> Callable[[], str]:
    """Have the mail with a link delivered, and take the link out of it."""

    def take() -> str:
        deliver_due(now=timezone.now(), handlers={KIND: send_link}, limit=9)
        [line] = [line for line in mail.outbox.pop().body.splitlines() if line.startswith("http")]
        return line

    return take


@pytest.fixture
def browser() -> Client:
    return Client(headers={"host": host(settings.ORIGINS.auth)})
