"""An instance whose processes all have a wall clock of their own, which a test puts forward and back while they run.

PostgreSQL, Valkey, both sites, worker, beat, media server and relay: as on one host whose clock jumps. The product knows nothing
of it: a small library that is loaded into the processes answers for the wall clock. Monotonic clocks go on.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from config.embedded import __main__ as embedded
from config.embedded import supervisor
from config.embedded.processes import Service
from config.embedded.processes import start as start_plainly
from tests.stack import Stack

SOURCE = Path(__file__).with_name("false_clock.c")
NAMES = ("LD_PRELOAD", "FALSE_CLOCK")


class ClockedStack(Stack):
    """A running instance with a clock of its own."""

    program = ("-m", "tests.integration.faults.clocked")

    def __init__(self) -> None:
        super().__init__()
        self._directory = Path(tempfile.mkdtemp(prefix="conclave-clock-")).resolve()
        self._directory.chmod(0o755)  # each process has its own user
        self._clock, library = self._directory / "clock", self._directory / "false_clock.so"
        self._clock.write_bytes(bytes(8))
        compiler = shutil.which("cc") or shutil.which("tcc")
        assert compiler is not None, "no C compiler: deploy/setup.sh test installs one"
        subprocess.run([compiler, "-shared", "-fPIC", "-o", str(library), str(SOURCE)], check=True)  # noqa: S603  our own
        for file in (self._clock, library):
            file.chmod(0o755)
        self._places = {"LD_PRELOAD": str(library), "FALSE_CLOCK": str(self._clock)}

    def environment(self) -> dict[str, str]:
        """As an instance's; its programs learn where the clock is, and are not under it themselves."""
        return super().environment() | {f"TEST_{name}": value for name, value in self._places.items()}

    def put_clock(self, ahead: timedelta) -> None:
        """Have every process take the time for what it is and ``ahead`` more, from this moment on."""
        with self._clock.open("r+b") as file:  # in place: they have it in their memory
            file.write(int(ahead.total_seconds()).to_bytes(8, sys.byteorder, signed=True))

    def stop(self, *, keep_state: bool = False) -> None:
        """Stop it."""
        super().stop(keep_state=keep_state)
        if not keep_state:
            shutil.rmtree(self._directory, ignore_errors=True)


def _start_clocked(service: Service, log: Path) -> subprocess.Popen[bytes]:
    # By env(1), which is the last to run before the program: whoever switches users before it is not meant.
    more = ["/usr/bin/env", *(f"{name}={os.environ[f'TEST_{name}']}" for name in NAMES)]
    return start_plainly(replace(service, command=[*more, *service.command]), log)


if __name__ == "__main__":
    supervisor.start = _start_clocked
    sys.exit(embedded.main(["up"]))
