"""Whose part of the state is whose. Only root can give anything away; else all of it is ours.

The trusted domain owns what it writes: keys of the day, mails, the clock's notes. The provider writes nothing in the state, so
its part stays root's and is open to its group for reading: what it could change it could turn into a link to somebody
else's secret, which the next start would then hand to the media servers.
"""

import os
from pathlib import Path

from config.embedded.state import State
from config.embedded.users import ServiceUser, service_user


def domain_user(state: State, domain: str) -> ServiceUser | None:
    """User of the processes of ``domain``."""
    return service_user(domain, state)


def hand_over(state: State) -> None:
    """Give each domain its part of the state."""
    trusted, provider = domain_user(state, "trusted"), domain_user(state, "provider")
    if trusted is not None:
        for name in ("trusted", "mail"):
            give(state.root / name, *trusted.owner)
    if provider is not None:
        for path in (state.root / "provider", *(state.root / "provider").rglob("*")):
            os.chown(path, 0, provider.gid, follow_symlinks=False)
            if not path.is_symlink():
                path.chmod(0o750 if path.is_dir() else 0o640)


def give(directory: Path, uid: int, gid: int) -> None:
    """Give a directory and everything below it away; links are given, not followed."""
    for path in (directory, *directory.rglob("*")):
        os.chown(path, uid, gid, follow_symlinks=False)
