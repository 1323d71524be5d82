"""A Janus of one's own, as the provider configures it."""

import json
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from django.conf import settings as site

from config.embedded.ports import free_port
from config.env import ROOT


class RealJanus:
    """Running from `start` to `stop`; its API secret is the test session's."""

    def __init__(self, rtp_ports: str) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="conclave-janus-"))
        self.port = free_port(0)
        self.url = f"ws://127.0.0.1:{self.port}"
        command = [sys.executable, "-m", "provider.mdd", "--directory", str(self.directory)]
        command += ["--secrets", str(site.PROVIDER_JANUS_SECRET_FILE.parent)]
        command += ["--janus-port", str(self.port), "--rtp-ports", rtp_ports]
        written = subprocess.run(command, cwd=ROOT, capture_output=True, check=True)  # noqa: S603  our own command
        self.command = json.loads(written.stdout)["janus"]
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with (self.directory / "log").open("ab") as log:
            self.process = subprocess.Popen(self.command, stdout=log, stderr=log)  # noqa: S603  our own command
        deadline = time.monotonic() + 20
        while not self._listens():
            assert time.monotonic() < deadline, (self.directory / "log").read_text()
            time.sleep(0.1)

    def kill(self) -> None:
        """SIGKILL, and gone."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(10)

    def freeze(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        if self.process is not None:
            self.thaw()
            self.process.terminate()
            self.process.wait(20)
        shutil.rmtree(self.directory)

    def _listens(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
        except OSError:
            return False
        return True
