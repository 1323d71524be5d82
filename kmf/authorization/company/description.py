"""One table of ``sign-in.toml``, read member by member, whichever protocol it describes. Pure, and no models here."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

ROLES = ("initiator", "auditor", "admin")
_NAME = re.compile(r"[a-z][a-z0-9-]{0,30}", re.ASCII)


class BadProvider(ValueError):
    """The description cannot be used. The message names the member, never a value."""


@dataclass(frozen=True)
class Description:
    """What an organisation wrote of one provider.

    Attributes:
        kind: name of the sign-in method, as the table is called.
        table: as TOML gives it.

    """

    kind: str
    table: Mapping[str, Any]

    def refuse(self, words: str, member: str = "") -> BadProvider:
        """The error that says ``words`` of a member, or of the whole table."""
        return BadProvider(f"{self.kind}: {member} {words}" if member else f"{self.kind}: {words}")

    def check_members(self, known: Collection[str]) -> None:
        """Check that nothing is written that nobody reads.

        Raises:
            BadProvider: an unknown member.

        """
        if set(self.table) - set(known):
            raise self.refuse("unknown member")

    @property
    def name(self) -> str:
        """Name of the provider, in URLs and in the audit.

        Raises:
            BadProvider: none, or of another form.

        """
        name = self.text("name")
        if _NAME.fullmatch(name) is None:
            raise self.refuse("name is a lower-case word")
        return name

    @property
    def domains(self) -> frozenset[str]:
        """Of addresses whose owners get an account, in lower case. Raises as ``texts``."""
        return frozenset(domain.lower() for domain in self.texts("domains"))

    @property
    def roles(self) -> dict[str, frozenset[str]]:
        """Groups that give each role.

        Raises:
            BadProvider: unknown roles, or no lists of texts.

        """
        roles = self.inner("roles", ROLES, "roles are initiator, auditor, admin")
        return {role: frozenset(roles.texts(role)) for role in roles.table}

    def text(self, name: str, default: str | None = None) -> str:
        """A member that is a text, and not an empty one.

        Raises:
            BadProvider: it is missing without a ``default``, or no text.

        """
        value = self.table.get(name, default)
        if not isinstance(value, str) or not value:
            raise self.refuse("is missing or no text", name)
        return value

    def texts(self, name: str) -> list[str]:
        """A member that is a list of texts; none, where it is missing.

        Raises:
            BadProvider: it is something else.

        """
        value = self.table.get(name, [])
        if not isinstance(value, list) or not all(isinstance(one, str) and one for one in value):
            raise self.refuse("is a list of texts", name)
        return value

    def inner(self, name: str, known: Collection[str], words: str) -> "Description":
        """A member that is a table with ``known`` members; an empty one, where it is missing.

        Raises:
            BadProvider: it is something else, said in ``words``.

        """
        value = self.table.get(name, {})
        if not isinstance(value, dict) or set(value) - set(known):
            raise self.refuse(words)
        return Description(self.kind, value)


def is_here(host: str) -> bool:
    """Whether a host name means this machine, with which one may speak in the clear."""
    return host in {"127.0.0.1", "localhost"} or host.endswith(".localhost")
