"""``manage.py rooms``: enrol room systems and services, show them, revoke their keys."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from conferences.models import Organisation
from kmf.authorization.enrolment import enrol, enrolled, read_enrolment, revoke_key
from kmf.authorization.errors import AuthorizationError
from protocol.jwks import key_id

_BY = "operator"


class Command(BaseCommand):
    """Room systems and services of an organisation."""

    help = "Room systems and services: enrol a public key for one, show them, revoke a key."

    def add_arguments(self, parser: CommandParser) -> None:
        """Three subcommands, each for one organisation."""
        parser.add_argument("--organisation", required=True, metavar="SLUG")
        what = parser.add_subparsers(dest="what", required=True)
        what.add_parser("show", help="devices, their keys, and when each was used last")
        adding = what.add_parser("enrol", help="enrol a public key; the device is made where it is not there yet")
        adding.add_argument("address", help="the address that is invited")
        adding.add_argument("--name", required=True, help="as everybody will see it")
        adding.add_argument("--kind", choices=["room", "recorder"], default="room")
        adding.add_argument("--key", type=Path, metavar="FILE", help="P-256 public key, PEM or JWK; none: a screen, by code")
        revoking = what.add_parser("revoke", help="revoke a key")
        revoking.add_argument("kid", help="as `show` says it; after `--` where it begins with a hyphen")

    def handle(self, *_arguments: Any, **options: Any) -> None:
        """Do it; a refusal is one line and exit 1."""
        organisation = Organisation.objects.filter(slug=options["organisation"]).first()
        if organisation is None:
            raise CommandError("no such organisation")
        try:
            {"show": self._show, "enrol": self._enrol, "revoke": self._revoke}[options["what"]](organisation, options)
        except AuthorizationError as refusal:
            raise CommandError(refusal.reason) from None

    def _show(self, organisation: Organisation, _options: dict[str, Any]) -> None:
        for device in enrolled(organisation):
            self.stdout.write(f"{device.pk} {device.kind} {device.email} {device.name}")
            for key in device.enrolled_keys.order_by("pk"):
                state = "revoked" if key.revoked_at else f"used {key.used_at:%Y-%m-%d %H:%M}" if key.used_at else "never used"
                self.stdout.write(f"  {key.kid} {state}")

    def _enrol(self, organisation: Organisation, options: dict[str, Any]) -> None:
        try:
            text = options["key"].read_text() if options["key"] else ""
        except (OSError, ValueError):
            raise CommandError("the key file cannot be read") from None
        enrolment = read_enrolment(address=options["address"], name=options["name"], kind=options["kind"], key=text)
        device = enrol(enrolment, organisation=organisation, by=_BY, now=datetime.now(UTC))
        kid = f" key {key_id(enrolment.key)}" if enrolment.key is not None else ""
        self.stdout.write(f"enrolled {device.pk}{kid}")

    def _revoke(self, organisation: Organisation, options: dict[str, Any]) -> None:
        key = revoke_key(options["kid"], organisation=organisation, by=_BY, now=datetime.now(UTC))
        self.stdout.write(f"revoked {key.kid}")
