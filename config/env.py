"""The only reader of the environment.

Values come from the process environment, else from ``{state}/{domain}/env`` (written by ``make run``, mode 0600).
There is no default for a secret: a missing one stops the process.
"""

import os
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_taken: dict[str, str] = {}


class MissingSetting(RuntimeError):
    """A setting without a default is not there. The message names the variable, never a value."""


class BadSetting(RuntimeError):
    """A setting has a value that it cannot have. The message names the variable, never a value."""


def state_dir() -> Path:
    """Directory of everything that changes at run time (``CONCLAVE_STATE``, default ``var``)."""
    return (ROOT / os.environ.get("CONCLAVE_STATE", "var")).resolve()


class Environment:
    """Settings of one trust domain: ``trusted`` or ``provider``."""

    def __init__(self, domain: str) -> None:
        self.directory = state_dir() / domain
        self._file = _read_env_file(self.directory / "env")

    def text(self, name: str, default: str | None = None) -> str:
        """Value of ``name``.

        Raises:
            MissingSetting: it is not set and has no default.

        """
        value = os.environ.get(name) or self._file.get(name) or default
        if value is None:
            message = f"{name} is not set (start with 'make run', or see docs/operate.md)"
            raise MissingSetting(message)
        return value

    def number(self, name: str, default: int) -> int:
        """Whole number ``name``."""
        return int(self.text(name, str(default)))

    def flag(self, name: str) -> bool:
        """Switch ``name``: 1 is on, 0 or nothing off.

        Raises:
            BadSetting: it is anything else.

        """
        value = self.text(name, "0")
        if value not in {"0", "1"}:
            message = f"{name} is 0 or 1, nothing else"
            raise BadSetting(message)
        return value == "1"

    def taken(self, prefix: str) -> Callable[[str], str | None]:
        """A reader of the secrets whose names begin with ``prefix``, which leave the process environment here.

        No child process inherits them, and nothing that prints the environment or the settings shows them.
        """
        for name in [name for name in os.environ if name.startswith(prefix)]:
            _taken[name] = os.environ.pop(name)
        return _taken.get

    def secret_file(self, name: str) -> Path:
        """Path of the secret ``name`` of this domain; whoever reads it fails if it is not there."""
        return self.directory / "secrets" / name

    def secret_text(self, name: str) -> str:
        """Contents of a text secret.

        Raises:
            MissingSetting: the file is not there.

        """
        path = self.secret_file(name)
        if not path.is_file():
            message = f"secret file {path.name} is missing in {path.parent.name}/"
            raise MissingSetting(message)
        return path.read_text().strip()


def _read_env_file(path: Path) -> dict[str, str]:
    if not path.is_file():
        return {}
    pairs = (line.split("=", 1) for line in path.read_text().splitlines() if "=" in line and not line.startswith("#"))
    return {key.strip(): value.strip() for key, value in pairs}
