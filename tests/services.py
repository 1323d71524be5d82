"""Real PostgreSQL and Valkey for a test session (``-p tests.services``).

Django's settings are told of them before they are read. PostgreSQL is started when a chosen test needs it; tests of the running
system and of browsers mostly do not.
"""

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

ELSEWHERE = {"stack", "browser"}  # who uses these asks another process
HERE = {"db", "transactional_db", "live_server", "django_db_setup", "site"}  # ``site``: a provider at this database
FOREIGN = ("DATABASE_URL", "REDIS_URL", "CONCLAVE_PORT", "CONCLAVE_PROVIDER_PORT", "CONCLAVE_SMTP_HOST")


class Services:
    """The session's temporary state directory and the servers that live in it."""

    def __init__(self) -> None:
        self.state = State(Path(tempfile.mkdtemp(prefix="conclave-test-")).resolve())
        self.supervisor = Supervisor(self.state, say=lambda _line: None)
        self.cluster = Cluster(self.state, durable=False, testing=True)
        self.valkey = Valkey(self.state, free_port(0))

    def prepare(self) -> None:
        self.state.make_directories()
        make_secrets(self.state)
        for domain in DOMAINS:
            values = {"DATABASE_URL": self.cluster.url(domain)}
            write_environment(self.state, domain, values | ({"REDIS_URL": self.valkey.url} if domain == "trusted" else {}))
        for name in FOREIGN:
            os.environ.pop(name, None)
        os.environ["CONCLAVE_STATE"] = str(self.state.root)
        self.supervisor.start(self.valkey.prepare())

    def start_database(self) -> None:
        self.supervisor.start(self.cluster.prepare())
        self.cluster.make_databases()

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
        _services[0].prepare()
        return (yield)
    except BaseException:
        pytest_unconfigure()
        raise


def pytest_runtestloop(session: pytest.Session) -> None:
    if not session.config.option.collectonly and any(_uses_the_database(item) for item in session.items):
        _services[0].start_database()


def _uses_the_database(item: pytest.Item) -> bool:
    used = set(getattr(item, "fixturenames", ()))
    return not used & ELSEWHERE or bool(used & HERE) or item.get_closest_marker("django_db") is not None


def pytest_unconfigure() -> None:
    while _services:
        _services.pop().stop()
