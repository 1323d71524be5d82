"""The whole system as ``make run`` starts it, on free ports and in a temporary state directory."""

import email
import email.policy
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

import httpx
import psycopg

from config.embedded.ports import free_port
from config.embedded.state import State
from config.env import ROOT
from config.settings.origins import Origins
from tests.authority import place_authority
from tests.tls_line import open_line

START_TIMEOUT_S = 120
STOP_TIMEOUT_S = 45
NOBODY = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # to read the system's authorities for each client takes longer than a request


class Stack:
    """A running instance, by HTTPS if ``tls``. Use it as a context manager, or call `start` and `stop`."""

    program: tuple[str, ...] = ("-m", "config.embedded", "up")

    def __init__(self, *, tls: bool = False, server: str = "") -> None:
        self.server = server or os.environ.get("CONCLAVE_SERVER", "daphne")
        self.state = State(Path(tempfile.mkdtemp(prefix="conclave-stack-")).resolve())
        self.port = free_port(0)
        self.provider_port = free_port(0)
        self.supervisor: subprocess.Popen[bytes] | None = None
        self.become(tls=tls)

    def become(self, *, tls: bool) -> None:
        """Speak HTTPS or plain HTTP from the next start on."""
        self.tls = tls
        if tls:
            place_authority(self.state)
        scheme = "https" if tls else "http"
        self.origins = Origins(
            core=f"{scheme}://core.localhost:{self.port}",
            auth=f"{scheme}://auth.localhost:{self.port}",
            kmf=f"{scheme}://kmf.localhost:{self.port}",
            provider=f"{scheme}://provider.localhost:{self.provider_port}",
            internal_trusted=f"{scheme}://127.0.0.1:{self.port}",
            internal_provider=f"{scheme}://127.0.0.1:{self.provider_port}",
        )

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start it and wait for its line ``ready``.

        Raises:
            AssertionError: it ended, or was not ready in time; the message carries its output.

        """
        with (self.state.root / "output").open("wb") as file:
            self.supervisor = subprocess.Popen(  # noqa: S603  our own command
                [sys.executable, *self.program],
                cwd=ROOT,
                env=self.environment(),
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        supervisor = self.supervisor
        deadline = time.monotonic() + START_TIMEOUT_S
        while "\nready\n" not in self.output:
            if supervisor.poll() is not None or time.monotonic() > deadline:
                text = self.output
                self.stop()
                message = f"the system did not come up:\n{text}"
                raise AssertionError(message)
            time.sleep(0.1)

    def stop(self, *, keep_state: bool = False) -> None:
        """Stop it as Ctrl-C does, and remove its state directory unless it is to start again."""
        supervisor, self.supervisor = self.supervisor, None
        if supervisor is not None and supervisor.poll() is None:
            supervisor.send_signal(signal.SIGINT)
            try:
                supervisor.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                supervisor.kill()
                supervisor.wait()
        if not keep_state:
            shutil.rmtree(self.state.root, ignore_errors=True)

    @property
    def output(self) -> str:
        """What the supervisor has printed since it was started."""
        return (self.state.root / "output").read_text()

    def environment(self) -> dict[str, str]:
        """Environment of the supervisor, and of ``manage.py`` commands besides ``DJANGO_SETTINGS_MODULE``."""
        kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "TMPDIR")}
        return kept | {
            "CONCLAVE_STATE": str(self.state.root),
            "CONCLAVE_PORT": str(self.port),
            "CONCLAVE_PROVIDER_PORT": str(self.provider_port),
            "CONCLAVE_TLS": "1" if self.tls else "0",
            "CONCLAVE_SERVER": self.server,
        }

    @property
    def trust(self) -> ssl.SSLContext:
        """What a client must trust: the instance's own authority and nobody else; without TLS nobody at all."""
        if not self.tls:
            return NOBODY
        return ssl.create_default_context(cafile=self.state.root / "ca.pem")

    def http(self, origin: str, **options: Any) -> httpx.Client:
        """Make a client that speaks to one origin as a browser would: by its name, though Python resolves no ``*.localhost``."""
        name = urlsplit(origin)

        def ask_by_name(request: httpx.Request) -> None:
            request.extensions["sni_hostname"] = name.hostname

        base = self.origins.internal_provider if origin == self.origins.provider else self.origins.internal_trusted
        settings = {"headers": {"Host": name.netloc}, "timeout": 10, "trust_env": False} | options
        return httpx.Client(base_url=base, verify=self.trust, event_hooks={"request": [ask_by_name]}, **settings)

    def open_line(self, origin: str) -> socket.socket:
        """Connect to one origin; what is written and read is plain, whatever goes over the line."""
        name = urlsplit(origin)
        port = self.provider_port if origin == self.origins.provider else self.port
        if self.tls:
            return open_line(port, self.trust, name.hostname or "")
        return socket.create_connection(("127.0.0.1", port))

    def manage(self, *arguments: str, domain: str = "trusted") -> subprocess.CompletedProcess[str]:
        """Run ``manage.py`` with the settings of ``domain``; its output is captured."""
        return subprocess.run(  # noqa: S603  our own command
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self.environment() | {"DJANGO_SETTINGS_MODULE": f"config.settings.{domain}"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    # --- what it left behind -----------------------------------------------------------------------------------------

    def accounts(self, role: str) -> list[dict[str, str]]:
        """Demo accounts of ``role``: ``{"role", "email", "password"}`` each."""
        entries = json.loads((self.state.root / "demo.json").read_text())
        return [entry for entry in entries if entry["role"] == role]

    def mails(self) -> list[EmailMessage]:
        """Every message sent so far, oldest first."""
        paths = sorted((self.state.root / "mail").glob("*.eml"))
        return [email.message_from_bytes(path.read_bytes(), policy=email.policy.default) for path in paths]

    def log(self, name: str) -> str:
        """Log of a process: ``trusted``, ``provider``, ``worker``, ``beat``, ``janus``, ``turn``, ``postgres``, ``valkey``."""
        return self.state.log(name).read_text(errors="replace")

    def connect(self, domain: str) -> psycopg.Connection[Any]:
        """A connection of its own to the domain's database, in autocommit."""
        lines = (self.state.root / domain / "env").read_text().splitlines()
        url = next(line.split("=", 1)[1] for line in lines if line.startswith("DATABASE_URL="))
        return psycopg.connect(url, autocommit=True)

    # --- faults ------------------------------------------------------------------------------------------------------

    def pid(self, name: str) -> int:
        """Process id of a process now."""
        return int(json.loads(self.state.process_list.read_text())[name])

    def kill(self, name: str) -> None:
        """SIGKILL; the supervisor starts it again by itself."""
        os.kill(self.pid(name), signal.SIGKILL)

    def restart(self, name: str) -> None:
        """Kill it and wait for its successor. That one may still be busy starting."""
        before = self.pid(name)
        self.kill(name)
        wait_for(lambda: self.pid(name) != before, f"{name} to start again")

    def take_away(self, name: str) -> None:
        """Kill it; it stays away until `bring_back`."""
        self.state.hold(name).touch()
        self.kill(name)

    def bring_back(self, name: str) -> None:
        """Let the supervisor start it again, and wait until it did."""
        before = self.pid(name)
        self.state.hold(name).unlink(missing_ok=True)
        wait_for(lambda: self.pid(name) != before, f"{name} to come back")

    def freeze(self, name: str) -> None:
        """SIGSTOP: it holds its connections and answers nothing."""
        os.kill(self.pid(name), signal.SIGSTOP)

    def thaw(self, name: str) -> None:
        """SIGCONT."""
        os.kill(self.pid(name), signal.SIGCONT)


def slack() -> float:
    """By how much everything takes longer while others use this machine too."""
    return min(6.0, max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1) / 1.5))


def wait_for(condition: Callable[[], bool], what: str, *, timeout_s: float = 40) -> None:
    """Wait until ``condition`` holds.

    Raises:
        AssertionError: it did not within ``timeout_s`` seconds.

    """
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            message = f"waited {timeout_s:.0f} s for {what}"
            raise AssertionError(message)
        time.sleep(0.1)
