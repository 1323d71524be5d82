"""Environments: the file of each domain that ``config.env`` reads, and what its processes get. Neither sees the other's."""

import os

from config.embedded.state import State, write_private

SETTINGS = {"trusted": "config.settings.trusted", "provider": "config.settings.provider"}
SERVERS = ("daphne", "uvicorn")
FROM_OUTSIDE = (
    "PATH",
    "LANG",
    "HOME",
    "TZ",
    "CONCLAVE_PORT",
    "CONCLAVE_PROVIDER_PORT",
    "CONCLAVE_CORE_ORIGIN",
    "CONCLAVE_AUTH_ORIGIN",
    "CONCLAVE_KMF_ORIGIN",
    "CONCLAVE_PROVIDER_ORIGIN",
)
FROM_OUTSIDE_TRUSTED = (
    "CONCLAVE_SMTP_HOST",
    "CONCLAVE_SMTP_PORT",
    "CONCLAVE_MAIL_FROM",
    "CONCLAVE_AUDIT_ORIGIN",
    "CONCLAVE_AUDIT_SYSLOG",
    "CONCLAVE_AUDIT_KEEP_DAYS",
)
FROM_OUTSIDE_PROVIDER = ("CONCLAVE_MDD_ROOM_LIMIT",)


def write_environment(state: State, domain: str, values: dict[str, str]) -> None:
    """Write ``{state}/{domain}/env``: what this instance has found out about itself, secrets in URLs included."""
    lines = ["# Written at each start; changes are lost."]
    lines += [f"{name}={value}" for name, value in sorted(values.items())]
    write_private(state.root / domain / "env", "\n".join(lines) + "\n")


def process_environment(state: State, domain: str) -> dict[str, str]:
    """Environment of a process of ``domain``: a short list of names from ours, and where the state is."""
    names = FROM_OUTSIDE + (FROM_OUTSIDE_TRUSTED if domain == "trusted" else FROM_OUTSIDE_PROVIDER)
    taken = {name: os.environ[name] for name in names if name in os.environ}
    return taken | {
        "CONCLAVE_STATE": str(state.root),
        "DJANGO_SETTINGS_MODULE": SETTINGS[domain],
        "PYTHONUNBUFFERED": "1",
        "PYTHONDONTWRITEBYTECODE": "1" if domain == "provider" else "",
    }


def chosen_server() -> str:
    """Web server of the trusted site: ``CONCLAVE_SERVER``, ``daphne`` (default) or ``uvicorn``.

    Raises:
        ValueError: another one.

    """
    name = os.environ.get("CONCLAVE_SERVER", SERVERS[0])
    if name not in SERVERS:
        message = f"CONCLAVE_SERVER must be one of {', '.join(SERVERS)}"
        raise ValueError(message)
    return name
