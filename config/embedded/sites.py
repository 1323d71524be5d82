"""Processes of both sites: preparation (migrations, clients, demo accounts), web servers, Celery worker and beat."""

import sys

from config.embedded.environment import chosen_server, process_environment
from config.embedded.liveness import Liveness
from config.embedded.owners import domain_user
from config.embedded.processes import Service
from config.embedded.state import State
from config.embedded.tls import Certificates
from config.env import ROOT

WORKER_THREADS = 4
BACKLOG = 2048  # connections not accepted yet: a whole conference comes at once, and who finds the queue full waits a second
SOCKET_MESSAGE_BYTES = 512 * 1024  # over the protocol's limit: what exceeds that is answered with 4413, not 1009


def preparation(state: State) -> list[Service]:
    """Tasks that run to their end before the sites start."""
    return [
        _python(state, "trusted", "prepare-trusted", "-m", "config.embedded.prepare_trusted"),
        _python(state, "provider", "prepare-provider", str(ROOT / "manage.py"), "migrate", "--no-input"),
    ]


def trusted_site(state: State, listen: list[str], liveness: Liveness) -> Service:
    """Core application, Authorization Module and KMF in one process."""
    return (_uvicorn if chosen_server() == "uvicorn" else _daphne)(state, "trusted", listen, liveness)


def provider_site(state: State, listen: list[str], liveness: Liveness) -> Service:
    """Conference provider: call processing and the control of the MDD."""
    return _daphne(state, "provider", listen, liveness)


def listening(domain: str, port: int, certificates: Certificates | None) -> list[str]:
    """Options of the domain's server for ``port``: HTTPS alone where there are certificates, else plain HTTP, on loopback."""
    if domain == "trusted" and chosen_server() == "uvicorn":
        options = ["--host", "127.0.0.1", "--port", str(port)]
        return options if certificates is None else [*options, *certificates.uvicorn_options(domain)]
    if certificates is not None:
        return ["--endpoint", certificates.endpoint(domain, port)]
    return ["--endpoint", f"tcp:{port}:interface=127.0.0.1:backlog={BACKLOG}"]


def workers(state: State) -> list[Service]:
    """Celery worker and beat. The worker uses threads: its children would outlive a killed parent."""
    celery = ["-m", "celery", "--app", "config.celery"]
    pool = ["--pool", "threads", "--concurrency", str(WORKER_THREADS), "--without-mingle", "--without-gossip"]
    in_memory = ["--scheduler", "celery.beat:Scheduler"]  # a kept one would wait for times that a clock was put back from
    return [
        _python(
            state, "trusted", "worker", *celery, "worker", *pool, "--loglevel", "INFO", "--without-mingle", "--without-gossip"
        ),
        _python(state, "trusted", "beat", *celery, "beat", *in_memory, "--pidfile", "", "--loglevel", "WARNING"),
    ]


def _daphne(state: State, domain: str, listen: list[str], liveness: Liveness) -> Service:
    application = f"config.asgi_{domain}:application"
    # A frozen reader is noticed in 14 s with these; with the defaults in 50 s.
    limits = ["--ping-interval", "5", "--ping-timeout", "10"]
    # No access log: it would carry authorization codes.
    quiet = ["--verbosity", "0", "--no-server-name"]
    return _python(state, domain, domain, "-m", "daphne", *listen, *limits, *quiet, application, liveness=liveness)


def _uvicorn(state: State, domain: str, listen: list[str], liveness: Liveness) -> Service:
    quiet = ["--backlog", str(BACKLOG), "--no-access-log", "--log-level", "warning"]
    engine = ["--loop", "uvloop", "--http", "httptools", "--ws", "websockets-sansio", "--lifespan", "off", "--no-proxy-headers"]
    # Compression would run once for every socket, and tell lengths of what is secret.
    sockets = ["--ws-per-message-deflate", "false", "--ws-max-size", str(SOCKET_MESSAGE_BYTES)]
    limits = ["--ws-ping-interval", "5", "--ws-ping-timeout", "10", "--timeout-graceful-shutdown", "5"]
    told = ["--no-server-header", "--no-date-header"]  # the site tells the time itself, whatever serves it
    application = f"config.asgi_{domain}:application"
    return _python(
        state, domain, domain, "-m", "uvicorn", *listen, *quiet, *engine, *sockets, *limits, *told, application, liveness=liveness
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
