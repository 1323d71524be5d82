"""What a sign-in method declares of itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from protocol.sign_in import Strength


@dataclass(frozen=True)
class Method:
    """One way to show who one is.

    Attributes:
        name: in the configuration; also the module's name.
        words: on pages, as in "Sign in with …".
        amr: RFC 8176 words of one use, in the order in which they are shown.
        strength: of one use by itself; None for a second factor, which only adds to a company sign-in.
        record: members of allauth's record of one use, by which that is found.
        tells: its records say by their own ``amr`` what else was used, and by ``mfa`` in it that there were several factors.
        template: its part of the sign-in page; none for what comes after another method.
        apps: Django apps that it needs.
        settings: Django settings that it needs; lists and dictionaries of several methods are joined.

    """

    name: str
    words: str
    amr: tuple[str, ...]
    strength: Strength | None
    record: Mapping[str, Any]
    tells: bool = False
    template: str = ""
    apps: tuple[str, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)

    def words_of(self, record: Mapping[str, Any]) -> tuple[str, ...]:
        """RFC 8176 words of one use."""
        return (*self.amr, *record.get("amr", ())) if self.tells else self.amr

    def strength_of(self, record: Mapping[str, Any]) -> Strength | None:
        """Strength of one use by itself."""
        return Strength.SECOND_FACTOR if self.tells and "mfa" in record.get("amr", ()) else self.strength

    def made(self, record: Mapping[str, Any]) -> bool:
        """Whether ``record``, of allauth's session, is of this method."""
        return all(record.get(name) == value for name, value in self.record.items())
