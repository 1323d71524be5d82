"""The files of this repository: those that are committed or would be."""

import os
import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NOT_OURS = {".git", ".venv", "node_modules", "var", "__pycache__", ".hypothesis"}


@cache
def files() -> tuple[Path, ...]:
    """Paths relative to the root, sorted."""
    return tuple(sorted(path for path in _committed() or _walked() if (ROOT / path).is_file()))


def _committed() -> set[Path]:
    command = ["git", "-c", "safe.directory=*", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        result = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603  our own command
    except (OSError, subprocess.CalledProcessError):  # an unpacked archive
        return set()
    return {Path(name) for name in result.stdout.split("\0") if name}


def _walked() -> set[Path]:
    found = set()
    for directory, names, leaves in os.walk(ROOT):
        names[:] = [name for name in names if name not in NOT_OURS and not name.endswith("_cache")]
        found |= {Path(directory, leaf).relative_to(ROOT) for leaf in leaves if not leaf.endswith(".pyc")}
    return found


def text(path: Path) -> str:
    """Content of ``path``; empty for what is not text."""
    try:
        return (ROOT / path).read_text()
    except UnicodeDecodeError:
        return ""


def line_count(path: Path) -> int:
    return len(text(path).splitlines())
