"""``manage.py release manifest|make-key|sign|show|record``: what a releaser does, and what a server says of itself."""

import sys
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from endpoint_release import DEVELOPMENT, RELEASE
from endpoint_release.errors import NoteWrong
from endpoint_release.manifest import digest
from endpoint_release.note import ReleaseKey, is_name, sign_note
from kmf.services.endpoint_release import ReleaseMismatch, record_release, served_release, this_manifest


class Command(BaseCommand):
    """Releases of the endpoint page."""

    help = "Releases of the endpoint page: manifest, signing, what this code serves."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Five subcommands."""
        what = parser.add_subparsers(dest="what", required=True)
        what.add_parser("manifest", help="write this code's manifest to standard output")
        make = what.add_parser("make-key", help="make a release key in a file that is not there yet; print its public half")
        make.add_argument("file", type=Path)
        make.add_argument("--name", required=True, help="name that the notes carry, for instance example.org/release")
        sign = what.add_parser("sign", help="write the release note of this code to standard output")
        sign.add_argument("--key", type=Path, required=True, help="PEM file of the offline release key")
        sign.add_argument("--name", required=True)
        what.add_parser("show", help="which release this code serves, and who signed it")
        what.add_parser("record", help="put the hash of what is served into the audit")

    def handle(self, *_arguments: Any, **options: Any) -> None:
        """Do it; a refusal is one line and exit 1."""
        try:
            getattr(self, f"_{options['what'].replace('-', '_')}")(options)
        except (ReleaseMismatch, NoteWrong) as refusal:
            raise CommandError(str(refusal)) from None

    def _manifest(self, _options: dict[str, Any]) -> None:
        sys.stdout.write(this_manifest().encode().decode())  # its hash counts: not a byte more

    def _make_key(self, options: dict[str, Any]) -> None:
        _check_name(options["name"])
        key = Ed25519PrivateKey.generate()
        try:
            options["file"].touch(mode=0o600, exist_ok=False)
            options["file"].write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        except OSError:
            raise CommandError("nothing was made: the file is there already, or cannot be written") from None
        self.stdout.write(ReleaseKey(options["name"], key.public_key().public_bytes_raw()).text)

    def _sign(self, options: dict[str, Any]) -> None:
        _check_name(options["name"])
        try:
            key = load_pem_private_key(options["key"].read_bytes(), password=None)
        except (OSError, ValueError, TypeError):
            raise CommandError("the release key cannot be read") from None
        if not isinstance(key, Ed25519PrivateKey):
            raise CommandError("the release key is not an Ed25519 key")
        note = sign_note(version=RELEASE, digest=digest(this_manifest().encode()), name=options["name"], key=key)
        self.stdout.write(note, ending="")

    def _show(self, _options: dict[str, Any]) -> None:
        served = served_release()
        self.stdout.write(f"release {RELEASE}, manifest {served.hash}, signed by {served.signed_by}")
        if served.signed_by in (DEVELOPMENT, "nobody"):
            self.stdout.write("no releaser signed this: outsiders cannot tell it from anything else")

    def _record(self, _options: dict[str, Any]) -> None:
        written = record_release(now=timezone.now())
        self.stdout.write("recorded" if written else "recorded already")


def _check_name(name: str) -> None:
    if not is_name(name) or name == DEVELOPMENT:
        raise CommandError("a release key's name has neither white space nor a plus sign, and is not 'development'")
