"""Why a directory lets nobody in.

LdapRefused
├── WrongPassword    login and password do not belong together: one and the same for whatever is wrong with them
└── DirectoryAway    nobody can tell now
"""


class LdapRefused(Exception):
    """Root; ``reason`` is a fixed text for the audit."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class WrongPassword(LdapRefused):
    """Nobody of this login, several, or not his password."""


class DirectoryAway(LdapRefused):
    """It does not answer, cannot be trusted, or does not take the service account."""
