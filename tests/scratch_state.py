"""A state directory with secrets but without servers, for tools that only import the settings (mypy, makemigrations)."""

import sys
from pathlib import Path

from config.embedded.environment import write_environment
from config.embedded.postgres import DOMAINS
from config.embedded.secrets import make_secrets
from config.embedded.state import State

NOWHERE = {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing", "REDIS_URL": "redis://127.0.0.1:1/0"}


def make_scratch_state(directory: Path) -> None:
    state = State(directory.resolve())
    state.make_directories()
    make_secrets(state)
    for domain in DOMAINS:
        write_environment(state, domain, NOWHERE)


if __name__ == "__main__":
    make_scratch_state(Path(sys.argv[1]))
