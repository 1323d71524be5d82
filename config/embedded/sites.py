"""Processes of both sites: preparation (migrations, clients, demo accounts), Daphne, Celery worker and beat."""

import sys

from config.embedded.environment import process_environment
from config.embedded.liveness import Liveness
from config.embedded.owners import domain_user
from config.embedded.processes import Service
from config.embedded.state import State
from config.env import ROOT
from config.settings.origins import Origins, host_of

WORKER_THREADS = 4


def preparation(state: State) -> list[Service]:
    """Tasks that run to their end before the sites start."""
    return [
        _python(state, "trusted", "prepare-trusted", "-m", "config.embedded.prepare_trusted"),
        _python(state, "provider", "prepare-provider", str(ROOT / "manage.py"), "migrate", "--no-input"),
    ]


def trusted_site(state: State, port: int, origins: Origins) -> Service:
    """Core application, Authorization Module and KMF in one process."""
    return _daphne(state, "trusted", port, host_of(origins.kmf))


def provider_site(state: State, port: int, origins: Origins) -> Service:
    """Conference provider: call processing and the control of the MDD."""
    return _daphne(state, "provider", port, host_of(origins.provider))


def workers(state: State) -> list[Service]:
    """Celery worker and beat. The worker uses threads: its children would outlive a killed parent."""
    celery = ["-m", "celery", "--app", "config.celery"]
    pool = ["--pool", "threads", "--concurrency", str(WORKER_THREADS), "--without-mingle", "--without-gossip"]
    schedule = str(state.root / "trusted" / "beat")
    return [
        _python(
            state, "trusted", "worker", *celery, "worker", *pool, "--loglevel", "INFO", "--without-mingle", "--without-gossip"
        ),
        _python(state, "trusted", "beat", *celery, "beat", "--schedule", schedule, "--pidfile", "", "--loglevel", "WARNING"),
    ]


def _daphne(state: State, domain: str, port: int, host: str) -> Service:
    application = f"config.asgi_{domain}:application"
    # A frozen reader is noticed in 14 s with these; with the defaults in 50 s.
    limits = ["--ping-interval", "5", "--ping-timeout", "10"]
    # No access log: it would carry authorization codes.
    listen = ["--bind", "127.0.0.1", "--port", str(port), "--verbosity", "0"]
    return _python(
        state, domain, domain, "-m", "daphne", *listen, *limits, "--no-server-name", application, liveness=Liveness(port, host)
    )


def _python(state: State, domain: str, name: str, *arguments: str, liveness: Liveness | None = None) -> Service:
    return Service(
        name=name,
        command=[sys.executable, *arguments],
        environment=process_environment(state, domain),
        directory=ROOT,
        user=domain_user(state, domain),
        liveness=liveness,
    )
