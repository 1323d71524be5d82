"""``manage.py company_link``: an account that is here already is henceforth somebody's of the company's provider."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from kmf.authorization.company.errors import CompanyRefused
from kmf.authorization.company.linking import link


class Command(BaseCommand):
    """Join an account with a subject of a configured provider."""

    help = "Join an account that is here already with somebody of the company's OpenID Connect provider."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which account, and who it is at the provider."""
        parser.add_argument("account", help="its e-mail address here")
        parser.add_argument("provider", help="name of the provider in sign-in.toml")
        parser.add_argument("subject", help="its `sub` there")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Join them."""
        try:
            link(email=options["account"], provider_name=options["provider"], subject=options["subject"], now=timezone.now())
        except CompanyRefused as refusal:
            raise CommandError(refusal.reason) from None
        self.stdout.write("joined")
