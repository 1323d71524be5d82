"""The demo organisation and its accounts."""

import json
from pathlib import Path
from typing import Any

from django.db import transaction

from conferences.models import Organisation
from kmf.authorization.models import Account

PEOPLE: dict[str, tuple[str, dict[str, Any]]] = {
    "admin@demo.example": ("Ada Adler", {"is_staff": True}),
    "initiator@demo.example": ("Ines Ibsen", {"can_initiate": True}),
    "auditor@demo.example": ("Aurel Anders", {"can_audit": True}),
    "petra@demo.example": ("Petra Palm", {}),
    "paul@demo.example": ("Paul Peng", {}),
    "priya@demo.example": ("Priya Patel", {}),
}


@transaction.atomic
def make_demo(accounts: Path) -> None:
    """Make organisation and accounts where they are missing.

    Args:
        accounts: the list that `config.embedded.demo_file` made; a password that is fresh replaces an account's own.

    """
    organisation, _ = Organisation.objects.get_or_create(slug="demo", defaults={"name": "Demo"})
    for entry in json.loads(accounts.read_text()):
        email, password = entry["email"], entry["password"]
        name, rights = PEOPLE[email]
        account = Account.objects.filter(email=email).first()
        if account is None:
            Account.objects.create_account(email=email, name=name, organisation=organisation, password=password, **rights)
        elif entry["fresh"]:
            account.set_password(password)
            account.save(update_fields=["password"])
