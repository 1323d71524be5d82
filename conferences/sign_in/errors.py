"""Why a sign-in at the core application did not come about.

SignInError
├── NotOurs        no sign-in of this session waits for such an answer
├── Refused        the authorization server said no, or its token does not hold
└── Unavailable    the authorization server does not answer
"""


class SignInError(Exception):
    """Root; the message is fixed text, safe to log."""


class NotOurs(SignInError):
    """The answer belongs to no sign-in that this session began, or to one that is too old."""


class Refused(SignInError):
    """No, by the authorization server or by the check of its token."""


class Unavailable(SignInError):
    """The authorization server is away."""
