"""``manage.py mdd list``, ``mdd drain NAME [--move]``, ``mdd undrain NAME``, with the provider's settings (docs/operate.md)."""

import asyncio
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from provider.errors import MDDGone, ProviderError
from provider.mdd.pool import configured_mdds, ping
from provider.services.allotting import MDDLoad, drain, list_mdds, undrain

WAIT_S = 2


class Command(BaseCommand):
    """The media servers of this provider."""

    help = "Media servers: show them, take one out of use, take it into use again."

    def add_arguments(self, parser: CommandParser) -> None:
        """Three subcommands."""
        what = parser.add_subparsers(dest="what", required=True)
        what.add_parser("list", help="every configured MDD: whether it answers, is in use, and what it holds")
        out = what.add_parser("drain", help="give it no new rooms")
        out.add_argument("name")
        out.add_argument("--move", action="store_true", help="and let its endpoints join elsewhere now")
        back = what.add_parser("undrain", help="give it new rooms again")
        back.add_argument("name")

    def handle(self, *_arguments: Any, **options: Any) -> None:
        """Do it; a refusal is one line and exit 1."""
        try:
            {"list": self._list, "drain": self._drain, "undrain": self._undrain}[options["what"]](options)
        except ProviderError as refusal:
            raise CommandError(refusal.reason) from None

    def _list(self, _options: dict[str, Any]) -> None:
        answering = asyncio.run(_answering())
        for mdd in list_mdds():
            state = _state(mdd, answers=mdd.name in answering)
            self.stdout.write(f"{mdd.name}\t{mdd.url}\t{state}\trooms: {mdd.rooms}\tendpoints: {mdd.endpoints}")

    def _drain(self, options: dict[str, Any]) -> None:
        drain(name=options["name"], move=options["move"], now=timezone.now())
        self._list(options)

    def _undrain(self, options: dict[str, Any]) -> None:
        undrain(name=options["name"])
        self._list(options)


def _state(mdd: MDDLoad, *, answers: bool) -> str:
    return ("drained" if mdd.draining else "in use") + ("" if answers else ", does not answer")


async def _answering() -> set[str]:
    mdds = configured_mdds()
    found = await asyncio.gather(*(ping(mdd, timeout_s=WAIT_S) for mdd in mdds.values()), return_exceptions=True)
    return {name for name, answer in zip(mdds, found, strict=True) if not isinstance(answer, MDDGone)}
