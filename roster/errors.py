"""Errors of the roster. The codes are those of the endpoint's own verifier (``static/endpoint/worker/roster/errors.js``).

RosterError
├── StatementInvalid     form, signature, label or conference is wrong
├── StatementExpired     true once, but it says nothing about the moment it is shown for
├── RolledBack           older than what is already held
├── Gap                  something in between is missing
└── Fork                 two histories under one signature
"""


class RosterError(Exception):
    """Root of the tree; messages are made without input."""

    code = "roster_invalid"


class StatementInvalid(RosterError):
    """Wrong signature, label or form."""

    code = "statement_invalid"


class StatementExpired(RosterError):
    """Not of the moment it is shown for."""

    code = "statement_expired"


class RolledBack(RosterError):
    """Older than what is held."""

    code = "rolled_back"


class Gap(RosterError):
    """A delta in between is missing."""

    code = "gap"


class Fork(RosterError):
    """It does not continue the history that is held."""

    code = "fork"
