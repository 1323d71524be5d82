"""What a check says."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from config.embedded.state import State
from config.env import Environment
from config.settings.origins import Origins, read_origins

OK, WARNING, ERROR, SKIPPED = "ok", "warning", "error", "skipped"
MAKE_RUN = "make run"


@dataclass(frozen=True)
class Finding:
    """One line of the report.

    Attributes:
        level: ``ok``, ``warning``, ``error``; ``skipped`` where nothing could be looked at.
        what: what was found, safe to show.
        mend: what to do about it; empty where there is nothing to do.

    """

    level: str
    what: str
    mend: str = ""


@dataclass(frozen=True)
class Situation:
    """The installation that is looked at, as far as it is known without asking anything."""

    state: State
    trusted: Environment
    origins: Origins
    port: int
    provider_port: int
    running: bool

    @property
    def root(self) -> Path:
        """The state directory."""
        return self.state.root


Check = Callable[[Situation], Iterable[Finding]]


def look_around(state: State, running: Callable[[State], bool]) -> Situation:
    """Return the situation by environment and files alone."""
    trusted = Environment("trusted")
    port, provider_port = trusted.number("CONCLAVE_PORT", 8000), trusted.number("CONCLAVE_PROVIDER_PORT", 8100)
    return Situation(state, trusted, read_origins(trusted), port, provider_port, running(state))


def owner_of(path: Path) -> str:
    """``user:group`` of a file, by name where there is one."""
    try:
        return f"{path.owner()}:{path.group()}"
    except KeyError:
        found = path.stat()
        return f"{found.st_uid}:{found.st_gid}"
