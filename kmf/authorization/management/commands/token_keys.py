"""``manage.py token_keys``: which keys sign access tokens; ``rotate`` does the step of a rotation that is due."""

from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from kmf.authorization.key_rotation import rotate
from kmf.authorization.keys import verification_keys

_DONE = {
    "announced": "another key is published",
    "switched": "the other key signs; the earlier one is still published",
    "retired": "the earlier key is gone: the rotation is finished",
    "waits": "nothing is due yet",
}


class Command(BaseCommand):
    """Show the keys, or rotate them."""

    help = "Show the token-signing keys; rotate: do the step that is due (announce, switch, retire), ten minutes apart."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take ``rotate`` and its haste."""
        parser.add_argument("action", nargs="?", choices=["show", "rotate"], default="show")
        parser.add_argument("--at-once", action="store_true", help="without pauses: the key may be known to somebody else")

    def handle(self, *_args: Any, action: str, at_once: bool, **_options: Any) -> None:
        """Do it, and say what is next."""
        if action == "rotate":
            step = rotate(now=datetime.now(UTC), at_once=at_once)
            again = f"; again from {step.next_at:%H:%M:%S} UTC on" if step.next_at else ""
            self.stdout.write(_DONE[step.done] + again)
        for number, kid in enumerate(verification_keys()):
            self.stdout.write(f"{'signs    ' if number == 0 else 'published'} {kid}")
