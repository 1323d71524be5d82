"""A durable PostgreSQL of its own for the audit's benchmarks, migrated, in a directory that is removed afterwards."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import django
from django.core.management import call_command

from config.embedded.environment import write_environment
from config.embedded.postgres import DOMAINS, Cluster
from config.embedded.secrets import make_secrets
from config.embedded.state import State
from config.embedded.supervisor import Supervisor


@contextmanager
def audit_database() -> Iterator[Path]:
    """Set up Django against a fresh cluster that syncs every commit; gives the state directory."""
    state = State(Path(tempfile.mkdtemp(prefix="conclave-bench-")).resolve())
    supervisor = Supervisor(state, say=lambda _line: None)
    try:
        state.make_directories()
        make_secrets(state)
        cluster = Cluster(state, durable=True)
        supervisor.start(cluster.prepare())
        cluster.make_databases()
        for domain in DOMAINS:
            values = {"DATABASE_URL": cluster.url(domain), "REDIS_URL": "redis://127.0.0.1:1/0"}
            write_environment(state, domain, values)
        os.environ["CONCLAVE_STATE"] = str(state.root)
        os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings.trusted"
        django.setup()
        call_command("migrate", interactive=False, verbosity=0)
        yield state.root
    finally:
        supervisor.stop_all()
        shutil.rmtree(state.root, ignore_errors=True)
