"""``manage.py audit export|verify|prove|witness``; verify, and prove from an export, need no database."""

import sys
from argparse import ArgumentParser
from datetime import datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from conferences.audit.arguments import add_verify_arguments, question_of
from conferences.audit.export import export_lines
from conferences.audit.exported_tree import ExportedTree, read_tree
from conferences.audit.kept_by import append_checkpoint
from conferences.audit.lines import ExportFile
from conferences.audit.report import report
from conferences.errors import AuditCheckpointWrong, AuditExportTouched, AuditNotInTree, AuditProofWrong, AuditTreeTouched
from conferences.models import Conference, Organisation
from conferences.selectors.audit_tree import latest_checkpoint, prove_entry, prove_growth
from conferences.services.audit_access import record_audit_export
from conferences.services.audit_tree import extend_tree


class Command(BaseCommand):
    """Export the audit, prove, witness, or verify what was exported."""

    help = "Export the audit as JSON lines, prove entries, or verify an export offline."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Four subcommands."""
        actions = parser.add_subparsers(dest="action", required=True)
        export = actions.add_parser("export", help="write JSON lines to standard output")
        export.add_argument("--conference", metavar="ID", help="this conference's chain only")
        export.add_argument("--organisation", metavar="SLUG", help="this customer's chains only")
        add_verify_arguments(actions.add_parser("verify", help="check what export or prove wrote; needs no database"))
        prove = actions.add_parser("prove", help="write a proof to standard output")
        prove.add_argument("--entry", metavar="CHAIN#NUMBER", help="that this entry is in the tree (C2SP tlog-proof)")
        sizes: dict[str, Any] = {"nargs": 2, "type": int, "metavar": ("OLD", "NEW")}
        prove.add_argument("--consistency", **sizes, help="that one checkpoint continues another")
        prove.add_argument("--from", dest="source", type=Path, metavar="FILE", help="from this export alone; needs no database")
        witness = actions.add_parser("witness", help="the latest checkpoint, for somebody outside to keep")
        witness.add_argument("file", type=Path, nargs="?", help="append to this file what continues it; none: print")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Run the chosen one."""
        try:
            getattr(self, f"_{options['action']}")(options)
        except (AuditNotInTree, AuditProofWrong, AuditCheckpointWrong, AuditExportTouched) as error:
            raise CommandError(str(error)) from None

    def _export(self, options: dict[str, Any]) -> None:
        conference = _conference(options["conference"])
        organisation = _organisation(options["organisation"])
        now = timezone.now()
        record_audit_export(actor="operator", now=now, conference=conference, organisation=organisation)
        self._bring_tree_up_to_date(now)
        with transaction.atomic():
            for line in export_lines(now=now, conference=conference, organisation=organisation):
                self.stdout.write(line, ending="")

    def _bring_tree_up_to_date(self, now: datetime) -> None:
        try:
            while extend_tree(now=now):
                pass
        except (AuditTreeTouched, AuditNotInTree, OSError) as error:  # the evidence is needed all the more
            self.stderr.write(f"the tree cannot be extended: {error}")

    def _verify(self, options: dict[str, Any]) -> None:
        status = report(question_of(options), say=self.stdout.write, complain=self.stderr.write)
        if status:
            sys.exit(status)

    def _prove(self, options: dict[str, Any]) -> None:
        source = _exported(options["source"])
        if options["consistency"]:
            old, new = options["consistency"]
            growth = source.prove_growth(old=old, new=new) if source else prove_growth(old=old, new=new)
            self.stdout.write(growth.text(), ending="")
            return
        chain, mark, number = (options["entry"] or "").rpartition("#")
        if not mark or not number.isdecimal():
            raise CommandError("say which: --entry CHAIN#NUMBER, or --consistency OLD NEW")
        place = {"chain": chain, "number": int(number)}
        self.stdout.write((source.prove_entry(**place) if source else prove_entry(**place)).text(), ending="")

    def _witness(self, options: dict[str, Any]) -> None:
        if options["file"] is not None:
            self.stdout.write(append_checkpoint(options["file"]))
            return
        latest = latest_checkpoint()
        if latest is None:
            raise CommandError("no checkpoint was signed yet")
        self.stdout.write(latest.note, ending="")


def _exported(file: Path | None) -> ExportedTree | None:
    try:
        return read_tree(ExportFile(file)) if file else None
    except (OSError, UnicodeDecodeError) as error:
        message = f"{file} cannot be read: {error}"
        raise CommandError(message) from None


def _conference(identifier: str | None) -> Conference | None:
    found = Conference.objects.select_related("organisation").filter(pk=identifier).first() if identifier else None
    if identifier and found is None:
        raise CommandError("there is no conference of this id")
    return found


def _organisation(slug: str | None) -> Organisation | None:
    found = Organisation.objects.filter(slug=slug).first() if slug else None
    if slug and found is None:
        raise CommandError("there is no organisation of this name")
    return found
