"""Where a running instance keeps what changes: one directory, closed where it must be."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

LONGEST_SOCKET_PATH = 100  # bytes; Linux takes 107
DIRECTORY_MODES = {
    ".": 0o755,
    "log": 0o700,
    "mail": 0o700,
    "run": 0o755,
    "secrets": 0o700,
    "trusted": 0o700,
    "trusted/secrets": 0o700,
    "trusted/day-keys": 0o700,
    "provider": 0o700,
    "provider/secrets": 0o700,
}


class ForeignDirectory(RuntimeError):
    """A directory that should be ours belongs to somebody else."""


@dataclass(frozen=True)
class State:
    """The state directory (``CONCLAVE_STATE``) and the names of its parts."""

    root: Path

    def make_directories(self) -> None:
        """Create what is missing, with its mode, whatever the umask says."""
        for name, mode in DIRECTORY_MODES.items():
            make_directory(self.root / name, mode)

    def log(self, name: str) -> Path:
        """Log file of the process ``name``."""
        return self.root / "log" / f"{name}.log"

    def hold(self, name: str) -> Path:
        """While this file exists, ``name`` is not started again when it ends."""
        return self.root / "run" / f"{name}.hold"

    @property
    def process_list(self) -> Path:
        """JSON object: name of each running process and its id."""
        return self.root / "run" / "processes.json"

    @property
    def supervisor_pid(self) -> Path:
        """Process id of the supervisor."""
        return self.root / "run" / "supervisor.pid"

    def socket_directory(self, name: str) -> Path:
        """Directory of the Unix socket of ``name``: below the state, or in the system's ``/tmp`` where that path is too long.

        Raises:
            ForeignDirectory: somebody else made that place in ``/tmp`` before us.

        """
        preferred = self.root / "run" / name
        if len(os.fsencode(preferred)) + len("/.s.PGSQL.5432.lock") <= LONGEST_SOCKET_PATH:
            return preferred
        digest = hashlib.sha256(os.fsencode(self.root)).hexdigest()[:12]
        short = Path("/tmp") / f"conclave-{os.getuid()}-{digest}"  # noqa: S108  owner checked below
        make_directory(short, 0o755)
        if short.is_symlink() or short.stat().st_uid != os.getuid():
            message = f"{short} belongs to somebody else"
            raise ForeignDirectory(message)
        return short / name


def make_directory(path: Path, mode: int) -> None:
    """Create ``path`` and set its mode; an existing one keeps its owner.

    Raises:
        ForeignDirectory: it is a link: whoever made it decides what we would write to.

    """
    if path.is_symlink():
        message = f"{path} is a symbolic link; put the directory itself there"
        raise ForeignDirectory(message)
    path.mkdir(parents=True, exist_ok=True)
    if path.stat().st_uid == os.getuid():
        path.chmod(mode)


def write_private(path: Path, content: str, *, owner: tuple[int, int] | None = None) -> None:
    """Write a file of mode 0600 by rename, so that no reader sees half of it."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
        if owner is not None:
            os.fchown(file.fileno(), *owner)
    draft.replace(path)
