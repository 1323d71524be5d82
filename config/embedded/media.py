"""Janus and coturn, run from the configuration that the provider writes (``python -m provider.mdd``).

The provider's code is not imported here: it runs in a process with the provider's environment.
"""

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from config.embedded.environment import process_environment
from config.embedded.owners import give
from config.embedded.ports import media_ranges
from config.embedded.processes import Service
from config.embedded.secrets import mdd_name
from config.embedded.state import State, make_directory
from config.embedded.users import service_user
from config.env import ROOT

SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"


class MediaMissing(RuntimeError):
    """Janus or coturn is not installed, or its configuration could not be written."""


@dataclass(frozen=True)
class Media:
    """The media servers of one instance and the ports they take: a Janus for each of ``janus_ports``, and one relay."""

    state: State
    provider_port: int
    janus_ports: tuple[int, ...]
    turn_port: int

    @property
    def janus_names(self) -> list[str]:
        """Name of each Janus."""
        return [mdd_name(number) for number in range(1, len(self.janus_ports) + 1)]

    @property
    def janus_urls(self) -> str:
        """Addresses of their APIs, in that order, with a blank between them."""
        return " ".join(f"ws://127.0.0.1:{port}" for port in self.janus_ports)

    def prepare(self) -> list[Service]:
        """Write both configurations; returns the services to start.

        Raises:
            MediaMissing: a program is not installed.

        """
        directory = self.state.root / "mdd"
        make_directory(directory, 0o711)
        names = [*self.janus_names, "turn"]
        for name in names:  # written as root into directories of theirs: nothing of theirs is left in the way
            shutil.rmtree(directory / name, ignore_errors=True)
        written = self._write(directory)
        return [self._service(name, written[name], directory / name) for name in names]

    def _write(self, directory: Path) -> dict[str, list[str]]:
        rtp, relay = media_ranges(self.provider_port)
        command = [sys.executable, "-m", "provider.mdd", "--directory", str(directory)]
        command += ["--secrets", str(self.state.root / "provider" / "secrets")]
        for name, port in zip(self.janus_names, self.janus_ports, strict=True):
            command += ["--janus", f"{name}:{port}"]
        command += ["--turn-port", str(self.turn_port)]
        command += ["--rtp-ports", f"{rtp[0]}-{rtp[1]}", "--relay-ports", f"{relay[0]}-{relay[1]}"]
        environment = process_environment(self.state, "provider")
        result = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603
        if result.returncode != 0:
            last = result.stderr.strip().splitlines()[-1:]
            message = f"the media servers' configuration was not written: {' '.join(last)}"
            raise MediaMissing(message)
        commands: dict[str, list[str]] = json.loads(result.stdout)
        return commands

    def _service(self, name: str, command: list[str], directory: Path) -> Service:
        program = shutil.which(command[0], path=SYSTEM_PATH)
        if program is None:
            message = f"{command[0]} is not installed; as root: deploy/setup.sh run"
            raise MediaMissing(message)
        user = service_user("turn" if name == "turn" else "janus", self.state)
        if user is not None:
            give(directory, *user.owner)
        return Service(
            name=name,
            command=[program, *command[1:]],
            environment={"PATH": SYSTEM_PATH, "LC_ALL": "C.UTF-8"},
            directory=directory,
            user=user,
        )
