"""A room system or recorder of the running system: enrolled by the operator's command, there by ``manage.py endpoint``."""

import json
import os
import secrets
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from config.env import ROOT
from tests.scenes import Scene
from tests.stack import wait_for


class RoomSystem:
    """One device with its key file, and the endpoint that it runs."""

    def __init__(self, scene: Scene, directory: Path, *, kind: str = "room") -> None:
        self.scene, self.kind = scene, kind
        self.address = f"{kind}-{secrets.token_hex(4)}@demo.example"
        self.name = f"{kind.title()} {self.address[-17:-13]}"
        key = ec.generate_private_key(ec.SECP256R1())
        self.key_file, public = directory / f"{self.address}.pem", directory / f"{self.address}.pub"
        no_password = serialization.NoEncryption()
        self.key_file.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, no_password))
        form = serialization.PublicFormat.SubjectPublicKeyInfo
        public.write_bytes(key.public_key().public_bytes(serialization.Encoding.PEM, form))
        said = self._rooms("enrol", self.address, "--name", self.name, "--kind", kind, "--key", str(public))
        _, self.device, _, self.kid = said.split()
        self.process: subprocess.Popen[str] | None = None
        self._output = directory / f"{self.address}.out"

    def _rooms(self, *arguments: str) -> str:
        done = self.scene.stack.manage("rooms", "--organisation", "demo", *arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def revoke(self) -> None:
        assert self._rooms("revoke", "--", self.kid) == f"revoked {self.kid}"

    def invite(self, *, kind: str | None = None) -> None:
        """Into the Conference Session Database, as the scene's people are."""
        with self.scene.stack.connect("trusted") as database:
            database.execute(
                "INSERT INTO conferences_participant (organisation_id, conference_id, identity, name, role, kind, pseudonym,"
                " invited_at, invited_by) SELECT organisation_id, id, %s, '', 'participant', %s, %s, %s, 'Initiator'"
                " FROM conferences_conference WHERE id = %s",
                (self.address, kind or self.kind, secrets.token_urlsafe(16), datetime.now(UTC), self.scene.conference_id),
            )

    def start(self, *arguments: str) -> None:
        """Run the endpoint; what it says goes to a file."""
        stack = self.scene.stack
        given = ["endpoint", self.scene.uri, f"--device={self.device}", "--key", str(self.key_file), *arguments]
        environment = stack.environment() | {"DJANGO_SETTINGS_MODULE": "config.settings.trusted"}
        with self._output.open("w") as file:
            self.process = subprocess.Popen(  # noqa: S603  our own command
                [sys.executable, "manage.py", *given],
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                text=True,
            )

    def end(self) -> int:
        """Wait for its end; the exit code."""
        assert self.process is not None
        return self.process.wait(60)

    def interrupt(self) -> None:
        assert self.process is not None
        os.kill(self.process.pid, signal.SIGINT)

    @property
    def output(self) -> str:
        return self._output.read_text()

    def said(self, event: str | None = None) -> list[dict[str, Any]]:
        """What it said so far, a line that is not whole yet left out."""
        lines = [
            json.loads(line) for line in self.output.splitlines(keepends=True) if line.startswith("{") and line.endswith("\n")
        ]
        return [line for line in lines if event is None or line["event"] == event]

    def wait_for(self, event: str, count: int = 1) -> list[dict[str, Any]]:
        wait_for(lambda: len(self.said(event)) >= count, f"{event} of {self.address}: {self.output[-500:]}")
        return self.said(event)

    def kill(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
