"""Finding processes that still use a state directory, by what the kernel tells of them."""

import os
from pathlib import Path

from config.embedded.state import State


def list_leftovers(state: State) -> list[tuple[int, str]]:
    """Process id and command of everything that was started with, or names, this state directory; ourselves excepted."""
    mark = os.fsencode(state.root)
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) in (os.getpid(), os.getppid()):
            continue
        command = _read(entry / "cmdline").split(b"\0")
        if _names(mark, command) or b"CONCLAVE_STATE=" + mark in _read(entry / "environ").split(b"\0"):
            found.append((int(entry.name), b" ".join(command).decode(errors="replace").strip()[:200]))
    return sorted(found)


def _names(mark: bytes, command: list[bytes]) -> bool:
    return any(part.endswith(mark) or mark + b"/" in part for part in command)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:  # it ended meanwhile, or is somebody else's
        return b""
