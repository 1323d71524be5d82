"""Processes of both sites: preparation (migrations, clients, demo accounts), web servers, Celery worker and beat."""

import os
import sys
from pathlib import Path

from config.embedded.environment import chosen_server, process_environment
from config.embedded.processes import Service
from config.embedded.state import State
from config.embedded.users import ServiceUser, service_user
from config.env import ROOT

WORKER_THREADS = 4
SOCKET_MESSAGE_BYTES = 512 * 1024  # over the protocol's limit: what exceeds that is answered with 4413, not 1009


def provider_user(state: State) -> ServiceUser | None:
    """Return the provider's user; it is given the provider's part of the state."""
    user = service_user("provider", paths=[state.root, Path(sys.prefix), Path(sys.base_prefix)], hidden=state.trusted_paths)
    if user is not None:
        domain = state.root / "provider"
        for path in [domain, *domain.rglob("*")]:
            os.chown(path, *user.owner, follow_symlinks=False)
    return user


def preparation(state: State, user: ServiceUser | None) -> list[Service]:
    """Tasks that run to their end before the sites start."""
    return [
        _python(state, "trusted", "prepare-trusted", "-m", "config.embedded.prepare_trusted"),
        _python(state, "provider", "prepare-provider", str(ROOT / "manage.py"), "migrate", "--no-input", user=user),
    ]


def trusted_site(state: State, port: int) -> Service:
    """Core application, Authorization Module and KMF in one process."""
    return _uvicorn(state, "trusted", port) if chosen_server() == "uvicorn" else _daphne(state, "trusted", port)


def provider_site(state: State, port: int, user: ServiceUser | None) -> Service:
    """Conference provider: call processing and the control of the MDD."""
    return _daphne(state, "provider", port, user=user)


def workers(state: State) -> list[Service]:
    """Celery worker and beat. The worker uses threads: its children would outlive a killed parent."""
    celery = ["-m", "celery", "--app", "config.celery"]
    pool = ["--pool", "threads", "--concurrency", str(WORKER_THREADS), "--without-mingle", "--without-gossip"]
    schedule = str(state.root / "run" / "beat")
    return [
        _python(
            state, "trusted", "worker", *celery, "worker", *pool, "--loglevel", "INFO", "--without-mingle", "--without-gossip"
        ),
        _python(state, "trusted", "beat", *celery, "beat", "--schedule", schedule, "--pidfile", "", "--loglevel", "WARNING"),
    ]


def _daphne(state: State, domain: str, port: int, *, user: ServiceUser | None = None) -> Service:
    application = f"config.asgi_{domain}:application"
    # A frozen reader is noticed in 14 s with these; with the defaults in 50 s.
    limits = ["--ping-interval", "5", "--ping-timeout", "10"]
    # No access log: it would carry authorization codes.
    listen = ["--bind", "127.0.0.1", "--port", str(port), "--verbosity", "0"]
    return _python(state, domain, domain, "-m", "daphne", *listen, *limits, "--no-server-name", application, user=user)


def _uvicorn(state: State, domain: str, port: int) -> Service:
    listen = ["--host", "127.0.0.1", "--port", str(port), "--backlog", "2048", "--no-access-log", "--log-level", "warning"]
    engine = ["--loop", "uvloop", "--http", "httptools", "--ws", "websockets-sansio", "--lifespan", "off", "--no-proxy-headers"]
    # Compression would run once for every socket, and tell lengths of what is secret.
    sockets = ["--ws-per-message-deflate", "false", "--ws-max-size", str(SOCKET_MESSAGE_BYTES)]
    limits = ["--ws-ping-interval", "5", "--ws-ping-timeout", "10", "--timeout-graceful-shutdown", "5", "--no-server-header"]
    application = f"config.asgi_{domain}:application"
    return _python(state, domain, domain, "-m", "uvicorn", *listen, *engine, *sockets, *limits, application)


def _python(state: State, domain: str, name: str, *arguments: str, user: ServiceUser | None = None) -> Service:
    return Service(
        name=name,
        command=[sys.executable, *arguments],
        environment=process_environment(state, domain),
        directory=ROOT,
        user=user,
    )
