"""``manage.py authorization_clients``: write the OAuth clients. Idempotent; redirect URIs follow the origins."""

from typing import Any

from django.core.management.base import BaseCommand

from kmf.authorization.clients import clients
from kmf.authorization.models import Application
from protocol.words import CLIENT_DEVICE


class Command(BaseCommand):
    """Write the clients ``endpoint`` and ``core``, and what stands for all devices; remove every other."""

    help = "Write the OAuth clients for the configured origins (idempotent)."

    def handle(self, *_args: Any, verbosity: int = 1, **_options: Any) -> None:
        """Create or correct the rows."""
        wanted = clients()
        for client in wanted.values():
            Application.objects.update_or_create(
                client_id=client.client_id,
                defaults={
                    "name": client.name,
                    "redirect_uris": client.redirect_uri,
                    "client_type": Application.CLIENT_PUBLIC,
                    "authorization_grant_type": Application.GRANT_AUTHORIZATION_CODE,
                    "client_secret": "",
                    "hash_client_secret": False,
                    "skip_authorization": True,
                },
            )
        Application.objects.update_or_create(
            client_id=CLIENT_DEVICE,
            defaults={
                "name": "Room systems and services",
                "redirect_uris": "",
                "client_type": Application.CLIENT_CONFIDENTIAL,
                "authorization_grant_type": Application.GRANT_CLIENT_CREDENTIALS,
                "client_secret": "",
                "hash_client_secret": False,
                "skip_authorization": True,
            },
        )
        names = [*wanted, CLIENT_DEVICE]
        Application.objects.exclude(client_id__in=names).delete()
        if verbosity:
            self.stdout.write(f"clients: {', '.join(sorted(names))}")
