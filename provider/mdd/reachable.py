"""Whether something listens where Janus should."""

import socket
from urllib.parse import urlsplit

TIMEOUT_S = 1


def is_reachable(url: str) -> bool:
    """Whether a TCP connection to the host and port of ``url`` opens within a second."""
    parts = urlsplit(url)
    try:
        with socket.create_connection((parts.hostname or "", parts.port or 0), TIMEOUT_S):
            return True
    except OSError:
        return False
