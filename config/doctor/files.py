"""Checks of the state directory: modes, owners, secrets."""

import base64
import binascii
import shlex
import stat
from collections.abc import Iterator
from pathlib import Path

from cryptography.hazmat.primitives.serialization import load_pem_private_key

from config.doctor.finding import ERROR, OK, Finding, Situation, owner_of
from config.embedded.secrets import MAKERS
from config.embedded.state import DIRECTORY_MODES

ROOT_KEY_BYTES = 32
FROM_BACKUP = "bring it back from your backup of the secrets; a new one opens nothing that is stored"


def modes(situation: Situation) -> Iterator[Finding]:
    """Closed directories and files are closed, and belong to whom they must."""
    wrong = list(_wrong_directories(situation)) + list(_wrong_files(situation))
    yield from wrong
    if not wrong:
        yield Finding(OK, "modes and owners of the state directory")


def secrets(situation: Situation) -> Iterator[Finding]:
    """Every secret is there and has its form."""
    for domain, names in MAKERS.items():
        directory = situation.root / domain / "secrets"
        wrong = [finding for name in names for finding in _wrong_secret(directory / name)]
        yield from wrong
        if not wrong:
            yield Finding(OK, f"secrets of the {domain} domain")


def _wrong_directories(situation: Situation) -> Iterator[Finding]:
    for name, mode in DIRECTORY_MODES.items():
        path = situation.root / name
        if not path.is_dir():
            yield Finding(ERROR, f"{path} is missing", "make run makes it; what was in it comes from your backup")
            continue
        found = stat.S_IMODE(path.stat().st_mode)
        shared = name.startswith("provider") and path.stat().st_gid != situation.root.stat().st_gid  # its group reads
        allowed = mode | 0o050 if shared else mode
        if found & ~allowed:
            yield Finding(ERROR, f"{path} is open to others (mode {found:04o})", f"chmod {allowed:o} {shlex.quote(str(path))}")


def _wrong_files(situation: Situation) -> Iterator[Finding]:
    trusted = situation.root / "trusted"
    for path in _files(trusted, situation.root / "secrets", situation.root / "demo.json"):
        found = stat.S_IMODE(path.lstat().st_mode)
        if found & 0o077:
            yield Finding(ERROR, f"{path} can be read by others (mode {found:04o})", f"chmod 600 {shlex.quote(str(path))}")
    for path in _files(situation.root / "provider"):
        found = stat.S_IMODE(path.lstat().st_mode)
        if found & 0o027:
            yield Finding(ERROR, f"{path} is open to others (mode {found:04o})", f"chmod 640 {shlex.quote(str(path))}")
    for path in _files(trusted):
        if path.lstat().st_uid != trusted.stat().st_uid:
            mend = f"chown {owner_of(trusted)} {shlex.quote(str(path))}"
            yield Finding(ERROR, f"{path} belongs to {owner_of(path)}: the trusted processes cannot read it", mend)


def _files(*places: Path) -> Iterator[Path]:
    for place in places:
        yield from [place] if place.is_file() else (path for path in sorted(place.rglob("*")) if path.is_file())


def _wrong_secret(path: Path) -> Iterator[Finding]:
    try:
        content = path.read_bytes().strip()
    except FileNotFoundError:
        yield Finding(ERROR, f"{path} is missing", FROM_BACKUP)
        return
    except OSError:
        yield Finding(ERROR, f"{path} cannot be read by this user", "run doctor as root, or as the owner of the file")
        return
    try:
        _check_form(path.name, content)
    except (ValueError, TypeError, binascii.Error):
        yield Finding(ERROR, f"{path} is damaged", FROM_BACKUP)


def _check_form(name: str, content: bytes) -> None:
    if name.endswith(".pem"):
        load_pem_private_key(content, None)
    elif name == "root.key" and len(base64.b64decode(content, validate=True)) != ROOT_KEY_BYTES:
        raise ValueError("length")
    elif not content:
        raise ValueError("empty")
