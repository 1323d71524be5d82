"""``manage.py audit export [--conference ID] > FILE`` and ``manage.py audit verify FILE``."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from conferences.audit.export import export_lines
from conferences.audit.report import report
from conferences.models import Conference
from conferences.services.audit_access import record_audit_export


class Command(BaseCommand):
    """Export the audit, or verify an export."""

    help = "Export the audit as JSON lines, or verify an export offline."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Two subcommands."""
        actions = parser.add_subparsers(dest="action", required=True)
        export = actions.add_parser("export", help="write JSON lines to standard output")
        export.add_argument("--conference", metavar="ID", help="this conference's chain only")
        verify = actions.add_parser("verify", help="check a file that export wrote; needs no database")
        verify.add_argument("file", type=Path)

    def handle(self, *_args: Any, **options: Any) -> None:
        """Run the chosen one."""
        if options["action"] == "export":
            self._export(options["conference"])
        else:
            self._verify(options["file"])

    def _export(self, conference_id: str | None) -> None:
        conference = Conference.objects.filter(pk=conference_id).first() if conference_id else None
        if conference_id and conference is None:
            raise CommandError("there is no conference of this id")
        now = timezone.now()
        record_audit_export(actor="operator", now=now, conference=conference)
        with transaction.atomic():
            for line in export_lines(now=now, conference=conference):
                self.stdout.write(line, ending="")

    def _verify(self, file: Path) -> None:
        status = report(file, say=self.stdout.write, complain=self.stderr.write)
        if status:
            sys.exit(status)
