"""What accounts and roles need to know of a company's provider, whichever protocol it speaks."""

from collections.abc import Mapping
from typing import Protocol


class Company(Protocol):
    """A provider that the organisation configured."""

    @property
    def name(self) -> str:
        """In URLs and in the audit."""

    @property
    def words(self) -> str:
        """On pages, as in "Sign in with …"."""

    @property
    def issuer(self) -> str:
        """Exactly as it names itself."""

    @property
    def organisation(self) -> str:
        """Slug of the customer whose accounts it knows."""

    @property
    def domains(self) -> frozenset[str]:
        """Of addresses whose owners get an account at their first sign-in."""

    @property
    def roles(self) -> Mapping[str, frozenset[str]]:
        """Groups that give each role; without any, roles are not its business."""

    @property
    def confirm_path(self) -> str:
        """Where somebody confirms there who he is."""
