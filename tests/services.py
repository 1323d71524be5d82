"""Real PostgreSQL and Valkey for a test session, started before Django reads its settings (``-p tests.services``)."""

import os
import shutil
import tempfile
from collections.abc import Generator
from pathlib import Path

import pytest

from config.embedded.environment import write_environment
from config.embedded.ports import free_port
from config.embedded.postgres import DOMAINS, Cluster
from config.embedded.secrets import make_secrets
from config.embedded.state import State
from config.embedded.supervisor import Supervisor
from config.embedded.valkey import Valkey

FOREIGN = ("DATABASE_URL", "REDIS_URL", "CONCLAVE_PORT", "CONCLAVE_PROVIDER_PORT", "CONCLAVE_SMTP_HOST")


class Services:
    """The session's temporary state directory and the servers that live in it."""

    def __init__(self) -> None:
        self.state = State(Path(tempfile.mkdtemp(prefix="conclave-test-")).resolve())
        self.supervisor = Supervisor(self.state, say=lambda _line: None)

    def start(self) -> None:
        self.state.make_directories()
        make_secrets(self.state)
        cluster = Cluster(self.state, durable=False, testing=True)
        valkey = Valkey(self.state, free_port(0))
        self.supervisor.start(cluster.prepare())
        self.supervisor.start(valkey.prepare())
        cluster.make_databases()
        for domain in DOMAINS:
            values = {"DATABASE_URL": cluster.url(domain)}
            write_environment(self.state, domain, values | ({"REDIS_URL": valkey.url} if domain == "trusted" else {}))
        for name in FOREIGN:
            os.environ.pop(name, None)
        os.environ["CONCLAVE_STATE"] = str(self.state.root)

    def stop(self) -> None:
        self.supervisor.stop_all()
        shutil.rmtree(self.state.root, ignore_errors=True)


_services: list[Services] = []


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(args: list[str]) -> Generator[None]:
    if {"-h", "--help", "-V", "--version"} & set(args):
        return (yield)
    _services.append(Services())
    try:
        _services[0].start()
        return (yield)
    except BaseException:
        pytest_unconfigure()
        raise


def pytest_unconfigure() -> None:
    while _services:
        _services.pop().stop()
