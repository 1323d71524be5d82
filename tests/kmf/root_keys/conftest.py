"""Day keys of a directory of their own, and root keys in every kind of place."""

import os
import subprocess
from pathlib import Path

import pytest

from kmf.services.root_keys.specification import make_root

SOFTHSM = Path("/usr/lib/softhsm/libsofthsm2.so")


@pytest.fixture
def day_keys(settings, tmp_path):
    settings.KMF_DAY_KEYS_DIR = tmp_path / "day-keys"
    return settings.KMF_DAY_KEYS_DIR


@pytest.fixture
def root_file(tmp_path):
    """Make a root key in a file; returns its place."""

    def make(name):
        make_root(f"file:{tmp_path / name}")
        return f"file:{tmp_path / name}"

    return make


class Token:
    """A SoftHSM2 token of its own."""

    def __init__(self, directory):
        self.directory = directory / "tokens"
        self.directory.mkdir()
        self.pin_file = directory / "pin"
        self.pin_file.write_text("4711\n")
        (directory / "softhsm2.conf").write_text(f"directories.tokendir = {self.directory}\nlog.level = ERROR\n")
        os.environ["SOFTHSM2_CONF"] = str(directory / "softhsm2.conf")
        command = ["softhsm2-util", "--init-token", "--free", "--label", "conclave", "--pin", "4711", "--so-pin", "0815"]
        subprocess.run(command, check=True, capture_output=True)  # noqa: S603  our own command

    def place(self, label="root"):
        return f"pkcs11:token=conclave;object={label}?module-path={SOFTHSM}&pin-source=file:{self.pin_file}"


@pytest.fixture
def token(tmp_path):
    pytest.importorskip("pkcs11", reason="the extra «hsm» is not installed")
    if not SOFTHSM.exists():
        pytest.skip("Debian package softhsm2 is not installed")
    before = os.environ.get("SOFTHSM2_CONF")
    yield Token(tmp_path)
    os.environ.pop("SOFTHSM2_CONF")
    if before is not None:
        os.environ["SOFTHSM2_CONF"] = before
