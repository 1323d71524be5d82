"""The demo organisation and its accounts. Passwords are random and stand in ``demo.json`` only."""

import json
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

from django.db import transaction

from conferences.models import Organisation
from config.embedded.state import write_private
from kmf.authorization.models import Account


@dataclass(frozen=True)
class DemoAccount:
    """One entry of ``demo.json``."""

    role: str
    email: str
    password: str


PEOPLE = [
    ("admin", "admin@demo.example", "Ada Adler", {"is_staff": True}),
    ("initiator", "initiator@demo.example", "Ines Ibsen", {"can_initiate": True}),
    ("auditor", "auditor@demo.example", "Aurel Anders", {"can_audit": True}),
    ("participant", "petra@demo.example", "Petra Palm", {}),
    ("participant", "paul@demo.example", "Paul Peng", {}),
    ("participant", "priya@demo.example", "Priya Patel", {}),
]


@transaction.atomic
def make_demo(path: Path) -> None:
    """Make organisation and accounts where they are missing, and write ``path`` (mode 0600).

    A password that the file already names is kept; where the file is gone, the account gets a new one.
    """
    organisation, _ = Organisation.objects.get_or_create(slug="demo", defaults={"name": "Demo"})
    known = _known_passwords(path)
    entries = []
    for role, email, name, rights in PEOPLE:
        account = Account.objects.filter(email=email).first()
        password = known.get(email) or secrets.token_urlsafe(12)
        if account is None:
            Account.objects.create_account(email=email, name=name, organisation=organisation, password=password, **rights)
        elif email not in known:
            account.set_password(password)
            account.save(update_fields=["password"])
        entries.append(DemoAccount(role=role, email=email, password=password))
    write_private(path, json.dumps([asdict(entry) for entry in entries], indent=1) + "\n")


def _known_passwords(path: Path) -> dict[str, str]:
    if not path.is_file():
        return {}
    return {entry["email"]: entry["password"] for entry in json.loads(path.read_text())}
