"""The two clients, both first-party, both public with DPoP and PKCE (docs/protocol.md section 2)."""

from dataclasses import dataclass

from django.conf import settings

from protocol import words
from protocol.errors import Malformed


@dataclass(frozen=True)
class Client:
    """What a client may ask for. Nothing of it can be changed in the database."""

    client_id: str
    name: str
    redirect_uri: str
    resources: frozenset[str]

    def check_scope(self, scope: str) -> None:
        """Check that ``scope`` is the one this client asks for.

        Raises:
            Malformed: it is another.

        """
        if self.client_id == words.CLIENT_ENDPOINT:
            words.conference_of_scope(scope)
        elif scope != words.SCOPE_CORE:
            raise Malformed("not the scope of this client")


def clients() -> dict[str, Client]:
    """Clients by ``client_id``, for the configured origins."""
    origins = settings.ORIGINS
    endpoint = Client(
        words.CLIENT_ENDPOINT,
        "Endpoint page",
        f"{origins.kmf}/callback",
        frozenset({origins.kmf, origins.provider, origins.core}),
    )
    core = Client(words.CLIENT_CORE, "Core application", f"{origins.core}/signed-in", frozenset({origins.core}))
    return {client.client_id: client for client in (endpoint, core)}
