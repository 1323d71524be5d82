"""``demo.json``: the demo accounts with their passwords, which are random and stand in this file only.

The state directory is the supervisor's, the accounts are made by a process of the trusted domain; so it gets the list in its
own directory, and the list is published when the accounts are made.
"""

import json
import secrets
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from config.embedded.state import State, write_private

PEOPLE = [
    ("admin", "admin@demo.example"),
    ("initiator", "initiator@demo.example"),
    ("auditor", "auditor@demo.example"),
    ("participant", "petra@demo.example"),
    ("participant", "paul@demo.example"),
    ("participant", "priya@demo.example"),
]


@dataclass(frozen=True)
class DemoAccount:
    """One entry of ``demo.json``."""

    role: str
    email: str
    password: str


@contextmanager
def demo_accounts(state: State) -> Generator[None]:
    """Put the list where `config.embedded.demo` reads it, and publish it (mode 0600) when the accounts are made.

    A password that the published file names is kept; where that file is gone, the account gets a new one.
    """
    published, handed = state.root / "demo.json", handed_list(state.root)
    known = _known_passwords(published)
    accounts = [
        DemoAccount(role=role, email=email, password=known.get(email) or secrets.token_urlsafe(12)) for role, email in PEOPLE
    ]
    entries = [asdict(account) for account in accounts]
    write_private(handed, json.dumps([entry | {"fresh": entry["email"] not in known} for entry in entries]))
    try:
        yield
        write_private(published, json.dumps(entries, indent=1) + "\n")
    finally:
        handed.unlink(missing_ok=True)


def handed_list(state_root: Path) -> Path:
    """Where the list lies while the accounts are made: ``[{"role", "email", "password", "fresh"}]``."""
    return state_root / "trusted" / "demo-accounts"


def _known_passwords(path: Path) -> dict[str, str]:
    if not path.is_file():
        return {}
    return {entry["email"]: entry["password"] for entry in json.loads(path.read_text())}
