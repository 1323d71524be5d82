"""Writing a configuration file that holds a secret."""

import os
from pathlib import Path

DIRECTORY_MODE = 0o700
FILE_MODE = 0o600


def write_private_file(path: Path, text: str) -> None:
    """Write ``text`` to ``path`` so that only its owner ever can read it, in one step."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=DIRECTORY_MODE)
    unfinished = path.with_name(path.name + ".new")
    unfinished.unlink(missing_ok=True)
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    unfinished.replace(path)
