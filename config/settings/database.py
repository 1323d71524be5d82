"""PostgreSQL from a URL, with a pool: under ASGI a kept connection a thread would exhaust the server."""

from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit


def postgresql(url: str) -> dict[str, Any]:
    """Django's ``DATABASES`` entry for ``postgresql://user:password@host:port/name`` (``?host=/dir`` for a socket)."""
    parts = urlsplit(url)
    query = parse_qs(parts.query)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.path.lstrip("/"),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": query.get("host", [parts.hostname or ""])[0],
        "PORT": str(query.get("port", [parts.port or ""])[0]),
        "CONN_MAX_AGE": 0,
        # A connection is asked before it is lent: after a restart of PostgreSQL nobody is handed a dead one.
        "CONN_HEALTH_CHECKS": True,
        # The pool's own pause before it tries again grows to minutes; given up after 4 s, the next request tries at once.
        "OPTIONS": {"pool": {"min_size": 1, "max_size": 24, "timeout": 5, "reconnect_timeout": 4}},
    }
