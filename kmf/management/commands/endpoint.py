"""``manage.py endpoint``: a command-line endpoint against this installation's own origins; see ``room_endpoint``."""

import sys
from argparse import Namespace
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from room_endpoint.__main__ import add_arguments, run


class Command(BaseCommand):
    """A room system or a recorder without media, over the public API alone."""

    help = "Be in a conference as an enrolled device, without media: prints roster and epochs as they come, JSON a line."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take those of ``python -m room_endpoint``; the origins are this installation's."""
        add_arguments(parser)

    def handle(self, *_arguments: Any, **options: Any) -> None:
        """Run it, and end with its exit code."""
        sys.exit(run(Namespace(**options), kmf=settings.ORIGINS.kmf, auth=settings.ORIGINS.auth))
