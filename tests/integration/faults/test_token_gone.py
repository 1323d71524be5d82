"""The root key lies in a PKCS#11 token (SoftHSM2), and the token is pulled from the running system, and put back."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from config.embedded.owners import domain_user
from config.env import ROOT
from tests.integration.faults.books import check_audit, check_books, entries_of
from tests.integration.faults.stand_in import in_place_of
from tests.integration.test_sealed import ready
from tests.simulators.crowd import Crowd
from tests.stack import Stack, wait_for

pytestmark = pytest.mark.requirement("KMF-SEAL-4")
SOFTHSM = Path("/usr/lib/softhsm/libsofthsm2.so")


class Token:
    """A token of the trusted domain's user."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.directory = stack.state.root / "trusted" / "softhsm"
        self.environment = {"SOFTHSM2_CONF": str(self.directory / "softhsm2.conf")}
        (self.directory / "tokens").mkdir(parents=True)
        (self.directory / "pin").write_text("4711\n")
        configuration = f"directories.tokendir = {self.directory}/tokens\nlog.level = ERROR\n"
        (self.directory / "softhsm2.conf").write_text(configuration)
        label = ["--free", "--label", "conclave"]
        command = ["softhsm2-util", "--init-token", *label, "--pin", "4711", "--so-pin", "0815"]
        subprocess.run(command, check=True, capture_output=True, env=os.environ | self.environment)  # noqa: S603
        self.give()

    @property
    def place(self) -> str:
        return f"pkcs11:token=conclave;object=root?module-path={SOFTHSM}&pin-source=file:{self.directory}/pin"

    def give(self) -> None:
        """To the user of the trusted domain, whoever we are."""
        user = domain_user(self.stack.state, "trusted")
        for path in (self.directory, *self.directory.rglob("*")) if user is not None else ():
            os.chown(path, *user.owner)

    def kmf(self, *arguments: str) -> None:
        """Run ``manage.py kmf`` with the token in reach."""
        environment = self.stack.environment() | self.environment | {"DJANGO_SETTINGS_MODULE": "config.settings.trusted"}
        command = [sys.executable, "manage.py", "kmf", *arguments]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)  # noqa: S603
        assert done.returncode == 0, done.stderr
        self.give()

    def pull(self) -> None:
        (self.directory / "tokens").rename(self.directory / "pulled")

    def put_back(self) -> None:
        if (self.directory / "pulled").exists():
            (self.directory / "pulled").rename(self.directory / "tokens")


@pytest.fixture
def token(stack: Stack) -> Iterator[Token]:
    pytest.importorskip("pkcs11", reason="the extra «hsm» is not installed")
    if not SOFTHSM.exists():
        pytest.skip("Debian package softhsm2 is not installed")
    made = Token(stack)
    with in_place_of(stack, "trusted", "worker", **made.environment):
        made.kmf("make-root", made.place)
        made.kmf("rotate-root", "--to", made.place)
        yield made
        made.put_back()
        made.kmf("rotate-root", "--to", "file:secrets/root.key")
    shutil.rmtree(made.directory)
    wait_for(lambda: ready(stack) == (200, "ok"), "the root key of the file")


def test_pulled_and_put_back(stack: Stack, crowd: Callable[[int], Crowd], token: Token, tmp_path: Path):
    running = crowd(5)
    stays, leaver, late = running.endpoints[:3], running.endpoints[3], running.endpoints[4]
    running.leave([late])
    running.together()
    token.pull()
    wait_for(lambda: ready(stack)[0] == 503, "the token to be missed")
    held, refusals = dict(late.keys), len(late.refusals)
    running.enter([late])
    wait_for(lambda: bool(late.refusals[refusals:]), "the refusal")
    assert late.refusals[-1].startswith("503")
    running.leave([leaver])
    wait_for(lambda: len(entries_of(running, "endpoint.left")) == 2, "the leave to be put down")
    assert all(one.is_in for one in stays)
    assert late.keys == held
    token.put_back()
    running.together(within_s=40)
    check_books(running)
    check_audit(stack, tmp_path)
