"""A KMF that shows its keys, the provider's HTTP client, and a real Janus."""

import json
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as site
from django.test import Client

from config.embedded.ports import free_port
from config.env import ROOT
from provider.services.kmf_keys import KMF_KEYS
from tests.provider.kmf_stand_in import KMF


@pytest.fixture
def kmf(settings: Any) -> Iterator[KMF]:
    made = KMF()
    settings.PROVIDER_KMF_INTERNAL = made.address
    KMF_KEYS.forget()
    yield made
    made.stop()
    KMF_KEYS.forget()


@pytest.fixture
def http() -> Client:
    return Client(headers={"Host": site.PROVIDER_ORIGIN.split("//")[1], "Origin": "null"})


def listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


@pytest.fixture(scope="session")
def janus_url() -> Iterator[str]:
    directory = Path(tempfile.mkdtemp(prefix="conclave-janus-"))
    port, secrets = free_port(0), str(site.PROVIDER_JANUS_SECRET_FILE.parent)
    command = [sys.executable, "-m", "provider.mdd", "--directory", str(directory), "--secrets", secrets]
    command += ["--janus-port", str(port), "--rtp-ports", "38000-38399"]
    written = subprocess.run(command, cwd=ROOT, capture_output=True, check=True)  # noqa: S603  our own command
    with (directory / "log").open("wb") as log:
        process = subprocess.Popen(json.loads(written.stdout)["janus"], stdout=log, stderr=log)  # noqa: S603  our own command
    url = f"ws://127.0.0.1:{port}"
    deadline = time.monotonic() + 20
    while not listens(port):
        assert time.monotonic() < deadline, (directory / "log").read_text()
        time.sleep(0.1)
    yield url
    process.terminate()
    process.wait(20)
    shutil.rmtree(directory)


@pytest.fixture
def janus(janus_url: str, settings: Any) -> str:
    settings.PROVIDER_JANUS_URL = janus_url
    return janus_url
