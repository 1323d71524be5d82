"""Refusals of the authorization server.

    AuthorizationError
    ├── RequestRefused     an authorization request that must not be answered by a redirect
    ├── RedirectRefused    one that is answered at the client's redirect URI
    ├── TokenRefused       a token request
    ├── NoSuchGrant        none that may be ended by who asks
    ├── EnrolmentRefused   a device cannot be enrolled so
    ├── AccountRefused     an account or organisation cannot be made or changed so
    ├── DecisionPending    a screen asks for tokens, and nobody has decided: no refusal
    ├── WrongCode          a code that is none, or was used
    └── TooManyAttempts    wrong too often within a while

Tokens and proofs at the resource are refused with ``protocol.errors``.
"""

from typing import Any


class AuthorizationError(Exception):
    """Root. ``code`` is the OAuth error code, ``reason`` a fixed text for the audit."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class RequestRefused(AuthorizationError):
    """Client or redirect URI are not known: a redirect would be an open redirector."""


class RedirectRefused(AuthorizationError):
    """The client is known; ``url`` is its redirect URI with the error in it."""

    def __init__(self, code: str, reason: str, url: str) -> None:
        super().__init__(code, reason)
        self.url = url


class TokenRefused(AuthorizationError):
    """A token request was refused. ``grant`` is the row it was about, where that is known."""

    def __init__(self, code: str, reason: str, grant: Any = None) -> None:
        super().__init__(code, reason)
        self.grant = grant


class DecisionPending(AuthorizationError):
    """``authorization_pending`` or ``slow_down`` (RFC 8628 section 3.5)."""

    def __init__(self, code: str) -> None:
        super().__init__(code, "nobody has decided yet")


class TooManyAttempts(AuthorizationError):
    """Something went wrong too often within its window; ``retry_after_s`` is the rest of that, in seconds."""

    def __init__(self, reason: str, *, retry_after_s: int) -> None:
        super().__init__("too_many", reason)
        self.retry_after_s = retry_after_s


class EnrolmentRefused(AuthorizationError):
    """What was typed is of no use; ``field`` is where, ``reason`` is for whoever typed it."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__("enrolment_refused", reason)
        self.field = field


class AccountRefused(AuthorizationError):
    """Nothing was made or changed; ``code`` is stable (docs/operate.md), ``reason`` is for whoever asked: no input in it."""


class WrongCode(AuthorizationError):
    """A one-time code does not hold; ``reason`` says which kind."""

    def __init__(self, reason: str) -> None:
        super().__init__("wrong_code", reason)


class NoSuchGrant(AuthorizationError):
    """There is none of this id that the one who asks may end."""

    def __init__(self) -> None:
        super().__init__("not_found", "no grant that may be ended")
