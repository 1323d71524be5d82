"""GET requests as a browser makes them, to a server whose name need not resolve here."""

import http.client
import ssl
from dataclasses import dataclass
from urllib.parse import urlsplit

from endpoint_release.errors import Unreachable

MOST_BYTES = 4_000_000
TIMEOUT_S = 20


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, headers by lower-case name (several of one name joined with a comma), body."""

    status: int
    headers: dict[str, str]
    body: bytes


class Server:
    """One origin. ``address`` is ``host:port`` to connect to instead of the origin's; ``authority`` a PEM file to trust alone."""

    def __init__(self, origin: str, *, address: str = "", authority: str | None = None) -> None:
        self.origin = origin
        parts = urlsplit(origin)
        self._name = parts.hostname or ""
        self._authority = parts.netloc
        self._secure = parts.scheme == "https"
        host, _, port = (address or parts.netloc).rpartition(":") if ":" in (address or parts.netloc) else (parts.netloc, "", "")
        is_local = not address and (self._name == "localhost" or self._name.endswith(".localhost"))  # RFC 6761
        self._host = "127.0.0.1" if is_local else host
        self._port = int(port) if port else (443 if self._secure else 80)
        self._context = ssl.create_default_context(cafile=authority) if self._secure else None

    def get(self, path: str, headers: dict[str, str] | None = None) -> Answer:
        """Ask for ``path``; redirects are answers like others.

        Raises:
            Unreachable: no answer by HTTP, or one without end.

        """
        connection = self._connect()
        try:
            connection.request("GET", path, headers={"Host": self._authority, "Connection": "close"} | (headers or {}))
            response = connection.getresponse()
            body = response.read(MOST_BYTES + 1)
        except (OSError, http.client.HTTPException):
            message = f"{self.origin}{path} does not answer"
            raise Unreachable(message) from None
        finally:
            connection.close()
        if len(body) > MOST_BYTES:
            message = f"{self.origin}{path} has no end"
            raise Unreachable(message)
        found: dict[str, str] = {}
        for name, value in response.getheaders():
            key = name.lower()
            found[key] = f"{found[key]}, {value}" if key in found else value
        return Answer(response.status, found, body)

    def _connect(self) -> http.client.HTTPConnection:
        connection = http.client.HTTPConnection(self._host, self._port, timeout=TIMEOUT_S)
        if self._context is not None:
            try:
                connection.connect()
                connection.sock = self._context.wrap_socket(connection.sock, server_hostname=self._name)
            except OSError:
                connection.close()
                message = f"{self.origin} does not answer, or not under its name"
                raise Unreachable(message) from None
        return connection
