"""``manage.py directory_token``: the bearer token by which an organisation's directory switches people off (SCIM)."""

from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from conferences.models import Organisation
from kmf.authorization.directory.tokens import make_token, revoke_tokens


class Command(BaseCommand):
    """Make a token, or end those that there are."""

    help = "Print a fresh SCIM token for the directory of an organisation (the earlier one is over); --revoke ends it instead."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the organisation."""
        parser.add_argument("--organisation", required=True, metavar="SLUG")
        parser.add_argument("--revoke", action="store_true", help="only end the token")

    def handle(self, *_arguments: Any, organisation: str, revoke: bool, **_options: Any) -> None:
        """Do it; the token is printed once and kept as a hash."""
        found, now = Organisation.objects.filter(slug=organisation).first(), datetime.now(UTC)
        if found is None:
            raise CommandError("no such organisation")
        if revoke:
            self.stdout.write(f"ended: {revoke_tokens(found, by='operator', now=now)}")
        else:
            self.stdout.write(make_token(found, by="operator", now=now))
