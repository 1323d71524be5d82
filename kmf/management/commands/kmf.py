"""``manage.py kmf roots``, ``kmf make-root PLACE`` and ``kmf rotate-root [--to PLACE]`` (docs/operate.md)."""

from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from kmf.errors import KMFError
from kmf.services.day_keys import days_with_keys, sealing_root
from kmf.services.root_keys.register import Named, current_root, read_register
from kmf.services.root_keys.rotation import rotate_root
from kmf.services.root_keys.specification import make_root


class Command(BaseCommand):
    """Root keys of the KMF."""

    help = "Root keys: show them, make one, let another one take over."

    def add_arguments(self, parser: CommandParser) -> None:
        """Three subcommands."""
        what = parser.add_subparsers(dest="what", required=True)
        what.add_parser("roots", help="which root keys are in use, and how many day keys lie under each")
        make = what.add_parser("make-root", help="make a root key in a file or a PKCS#11 token")
        make.add_argument("place", help="file:PATH or pkcs11:…")
        rotate = what.add_parser("rotate-root", help="reseal every day key under another root key, or go on doing so")
        rotate.add_argument("--to", help="file:PATH, environment:NAME or pkcs11:…; without it a rotation is continued")

    def handle(self, *_arguments: Any, **options: Any) -> None:
        """Do it; a refusal is one line and exit 1."""
        try:
            {"roots": self._roots, "make-root": self._make, "rotate-root": self._rotate}[options["what"]](options)
        except KMFError as refusal:
            raise CommandError(refusal.reason) from None

    def _roots(self, _options: dict[str, Any]) -> None:
        register = read_register()
        named = [Named(current_root().id, settings.KMF_ROOT)] if register is None else [register.current, register.previous]
        under = [sealing_root(day) for day in days_with_keys()]
        for role, root in zip(("current", "previous"), named, strict=False):
            if root is not None:
                self.stdout.write(f"{role} {root.id} {root.place} day keys: {under.count(root.id)}")

    def _make(self, options: dict[str, Any]) -> None:
        try:
            root = make_root(options["place"])
        except OSError:
            raise CommandError("nothing was made: there is a key already, or the place cannot be written") from None
        self.stdout.write(f"made {root.id}")

    def _rotate(self, options: dict[str, Any]) -> None:
        done = rotate_root(to=options["to"], now=datetime.now(UTC), progress=self._progress)
        self.stdout.write(f"{done.new} has taken over from {done.old}, which opens nothing any more and may be destroyed")

    def _progress(self, done: int, of: int) -> None:
        self.stdout.write(f"{done} of {of} day keys under the new root key")
        self.stdout.flush()
