"""Errors of the roster.

RosterError
└── StatementInvalid     a signed statement that does not verify
"""


class RosterError(Exception):
    """Root of the tree; messages are made without input."""

    code = "roster_invalid"


class StatementInvalid(RosterError):
    """Wrong signature, label or form."""
